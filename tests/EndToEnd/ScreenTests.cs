using Hearth.Proving;
using Hearth.Proving.Qmp;

namespace Hearth.EndToEnd.Tests;

/// <summary>Pictures of what the proving ground shows.</summary>
[Collection<GroundCollection>]
public sealed class ScreenTests(GroundFixture fixture)
{
    private static readonly (byte, byte, byte) s_red = (0xAA, 0, 0);

    private readonly ProvingGround _ground = fixture.Ground;

    [Fact]
    public void Screenshot_ofEachOutput_showsTheConsole()
    {
        // Red as the background, and the whole screen erased with it (console_codes(4)).
        _ground.Require("printf '\\033[41m\\033[2J' > /dev/tty1", GroundFixture.Patience);
        _ground.WaitUntil(() => Corner == s_red, GroundFixture.Patience, "red on the screen");
        Screenshot screen = _ground.Qmp.Screenshot();
        Screenshot second = _ground.Qmp.Screenshot(output: 1);
        _ground.Require("printf '\\033[0m\\033[2J' > /dev/tty1", GroundFixture.Patience);
        _ground.WaitUntil(() => Corner != s_red, GroundFixture.Patience, "another colour on the screen");

        Assert.Equal((1280, 800), (screen.Width, screen.Height));
        Assert.Equal(s_red, screen[640, 400]);
        Assert.Equal(s_red, second[640, 400]);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], screen.ToPng()[..4]);
    }

    /// <summary>The last pixel: the console's cursor blinks in the first line.</summary>
    private (byte Red, byte Green, byte Blue) Corner
    {
        get
        {
            Screenshot screen = _ground.Qmp.Screenshot();
            return screen[screen.Width - 1, screen.Height - 1];
        }
    }
}
