using Hearth.Boot.Tests;
using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>
/// The proving ground that the tests of a collection share, with every device there is: to boot one takes longer than most of the tests.
/// Where QEMU or its kernel cannot be had, the tests are skipped; one that does not start fails them.
/// </summary>
public sealed class GroundFixture : IDisposable
{
    /// <summary>For commands that take no time on a processor of their own.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hearth-end-to-end-");
    private readonly ProvingGround? _ground;
    private readonly string? _lacking;

    public GroundFixture()
    {
        try
        {
            // Nothing can be fetched inside, and what is fetched after the start may not be seen there.
            GuestAssets.FetchAll();
            _ground = ProvingGround.Start(new ProvingGroundOptions
            {
                Display = GroundDisplay.VirtioVga,
                Outputs = 2,
                UsbKeyboard = true,
                UsbTablet = true,
                UsbMouse = true,
                Sound = GroundSound.Ac97,
                SoundCapture = SoundCapture,
            });
        }
        catch (GuestsException error)
        {
            _lacking = error.Message;
        }
    }

    /// <summary>The machine; without one the test is skipped.</summary>
    public ProvingGround Ground
    {
        get
        {
            Assert.SkipUnless(_lacking is null, $"no proving ground: {_lacking}");
            return _ground!;
        }
    }

    /// <summary>Where what the machine plays is written.</summary>
    public string SoundCapture => Path.Combine(_directory.FullName, "sound.wav");

    public void Dispose()
    {
        try
        {
            _ground?.PowerOff();
        }
        finally
        {
            _ground?.Dispose();
            _directory.Delete(recursive: true);
        }
    }
}
