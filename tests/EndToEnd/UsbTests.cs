using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>USB devices that come and go.</summary>
[Collection<GroundCollection>]
public sealed class UsbTests(GroundFixture fixture)
{
    private readonly ProvingGround _ground = fixture.Ground;

    [Fact]
    public void Stick_pluggedInAndPulledOut_appearsAndDisappears()
    {
        string image = Path.Combine(_ground.SharedDirectory, "stick.img");
        File.WriteAllBytes(image, [.. "on the stick"u8, .. new byte[(1 << 20) - 12]]);

        _ground.Qmp.AddUsbStick("stick", image);
        _ground.WaitUntil(() => HasDisk, GroundFixture.Patience, "/dev/sda");
        string content = _ground.Require("head -c 12 /dev/sda", GroundFixture.Patience);
        _ground.Qmp.RemoveUsbStick("stick");

        _ground.WaitUntil(() => !HasDisk, GroundFixture.Patience, "the end of /dev/sda");
        Assert.Equal("on the stick", content);
    }

    private bool HasDisk => _ground.Run("test -b /dev/sda", GroundFixture.Patience).ExitCode == 0;
}
