using System.Text;
using Hearth.Guests.Initramfs;

namespace Hearth.Guests.Tests.Initramfs;

public sealed class CpioWriterTests
{
    [Fact]
    public void File_written_hasTheNewcHeaderAndPadding()
    {
        using var stream = new MemoryStream();

        new CpioWriter(stream).AddFile("a", "hello"u8, executable: true);

        string expected = "070701" + "00000001" + "000081ed" + "00000000" + "00000000" + "00000001" + "00000000" + "00000005"
            + "00000000" + "00000000" + "00000000" + "00000000" + "00000002" + "00000000" + "a\0hello\0\0\0";
        Assert.Equal(expected, Encoding.ASCII.GetString(stream.ToArray()));
    }

    [Fact]
    public void Entries_ofEveryType_carryTheirModeAndDevice()
    {
        using var stream = new MemoryStream();
        var archive = new CpioWriter(stream);

        archive.AddDirectory("d");
        archive.AddLink("l", "target");
        archive.AddCharacterDevice("c", 5, 1);
        archive.Finish();

        string text = Encoding.ASCII.GetString(stream.ToArray());
        Assert.Equal("000041ed", text.Substring(14, 8));
        Assert.Equal("0000a1ff", text.Substring(112 + 14, 8));
        Assert.Equal("target", text.Substring(112 + 112, 6));
        Assert.Equal("00002180", text.Substring(232 + 14, 8));
        Assert.Equal("0000000500000001", text.Substring(232 + 78, 16));
        Assert.EndsWith("TRAILER!!!\0\0\0\0", text, StringComparison.Ordinal);
        Assert.Equal(0, text.Length % 4);
    }
}
