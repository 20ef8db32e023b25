using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

public sealed class DisplayReaderTests : IDisposable
{
    private readonly HostFolder _host = new();

    [Fact]
    public void Read_twoCards_haveTheirOwnConnectors()
    {
        _host
            .With("sys/class/drm/version", "drm 1.1.0 20060810\n")
            .With("sys/class/drm/renderD128/dev", "226:128\n")
            .With("sys/class/drm/card0/device/vendor", "0x1002\n")
            .With("sys/class/drm/card0/device/device", "0x15d8\n")
            .WithLink("sys/class/drm/card0/device/driver", "../../../../bus/pci/drivers/amdgpu")
            .With("sys/class/drm/card0-HDMI-A-1/status", "connected\n")
            .With("sys/class/drm/card0-HDMI-A-1/modes", "2560x1440\n1920x1080\n1280x720\n")
            .With("sys/class/drm/card0-DP-2/status", "disconnected\n")
            .With("sys/class/drm/card0-DP-2/modes", "")
            .With("sys/class/drm/card10-Virtual-1/status", "connected\n")
            .WithFolder("sys/class/drm/card10");

        Found<GraphicsCard> displays = DisplayReader.Read(_host.Tree);

        Assert.Null(displays.Note);
        Assert.Equal(["card0", "card10"], displays.Devices.Select(card => card.Name));
        Assert.Equal(("amdgpu", "1002:15d8"), (displays.Devices[0].Driver, displays.Devices[0].Id));
        Assert.Equal(
            [new Connector("DP-2", "disconnected", null), new Connector("HDMI-A-1", "connected", "2560x1440")],
            displays.Devices[0].Connectors);
        Assert.Equal([new Connector("Virtual-1", "connected", null)], displays.Devices[1].Connectors);
        Assert.Null(displays.Devices[1].Driver);
        Assert.Null(displays.Devices[1].Id);
    }

    [Fact]
    public void Read_noCard_saysWhy()
    {
        Assert.Equal("the kernel has no display driver (/sys/class/drm is not there)", DisplayReader.Read(_host.Tree).Note);

        _host.With("sys/class/drm/version", "drm 1.1.0 20060810\n");

        Assert.Equal("no graphics card has a display driver", DisplayReader.Read(_host.Tree).Note);
    }

    [Fact]
    public void Read_binaryValues_arePrintable()
    {
        _host.With("sys/class/drm/card0-\u001B[2J/status", "\u001B[31mconnected\n");
        _host.WithFolder("sys/class/drm/card0");

        Connector connector = Assert.Single(Assert.Single(DisplayReader.Read(_host.Tree).Devices).Connectors);

        Assert.Equal("\uFFFD[2J", connector.Name);
        Assert.Equal("\uFFFD[31mconnected", connector.Status);
    }

    public void Dispose() => _host.Dispose();
}
