using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

public sealed class SoundReaderTests : IDisposable
{
    private const string Cards =
        " 0 [HDMI           ]: HDA-Intel - HDA ATI HDMI\n"
        + "                      HDA ATI HDMI at 0xfe7c8000 irq 79\n"
        + " 1 [Generic        ]: HDA-Intel - HD-Audio Generic\n"
        + "                      HD-Audio Generic at 0xfe7c0000 irq 80\n"
        + "10 [Headset        ]: USB-Audio - Jabra - Link [370]\n"
        + "                      GN Netcom A/S Jabra Link 370 at usb-0000:03:00.3-2, full speed\n";

    private readonly HostFolder _host = new();

    [Fact]
    public void Read_cards_haveNumberIdAndName()
    {
        _host.With("proc/asound/cards", Cards);

        Found<SoundCard> sound = SoundReader.Read(_host.Tree);

        Assert.Null(sound.Note);
        Assert.Equal(
            [
                new SoundCard(0, "HDMI", "HDA-Intel", "HDA ATI HDMI"),
                new SoundCard(1, "Generic", "HDA-Intel", "HD-Audio Generic"),
                new SoundCard(10, "Headset", "USB-Audio", "Jabra - Link [370]"),
            ],
            sound.Devices);
    }

    [Fact]
    public void Read_noCard_saysWhy()
    {
        Assert.Equal("the kernel has no sound driver (/proc/asound/cards is not there)", SoundReader.Read(_host.Tree).Note);

        _host.With("proc/asound/cards", "--- no soundcards ---\n");

        Assert.Equal("no sound card has a driver", SoundReader.Read(_host.Tree).Note);
    }

    [Fact]
    public void Read_oddLines_areLeftOut()
    {
        _host.With("proc/asound/cards", "99999999999 [A]: x - y\n 1 []: x - y\n 2 [B              ]: \n");

        Assert.Equal([new SoundCard(2, "B", null, null)], SoundReader.Read(_host.Tree).Devices);
    }

    public void Dispose() => _host.Dispose();
}
