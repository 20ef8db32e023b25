using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

public sealed class UsbReaderTests : IDisposable
{
    private const string Devices = "sys/bus/usb/devices";

    private readonly HostFolder _host = new();

    [Fact]
    public void Read_devices_leaveHubsAndInterfacesOut()
    {
        Add("usb1", "1d6b", "0002", "09", "Linux 6.1.0-21-amd64 xhci-hcd", "xHCI Host Controller", "480");
        Add("1-4", "05e3", "0610", "09", null, "USB2.1 Hub", "480");
        Add("1-4.2", "046d", "c52b", "00", "Logitech", "USB Receiver", "12");
        Add("1-10", "0bda", "5411", "ef", null, null, "480");
        Add("1-9", "8087", "0a2b", "e0", "", "", "12");
        _host.With($"{Devices}/1-4.2:1.0/bInterfaceClass", "03\n");

        Found<UsbDevice> usb = UsbReader.Read(_host.Tree);

        Assert.Null(usb.Note);
        Assert.Equal(
            [
                new UsbDevice("1-4.2", "046d:c52b", "Logitech", "USB Receiver", "12"),
                new UsbDevice("1-9", "8087:0a2b", null, null, "12"),
                new UsbDevice("1-10", "0bda:5411", null, null, "480"),
            ],
            usb.Devices);
    }

    [Fact]
    public void Read_aDeviceThatIsPulledOut_isLeftOut()
    {
        _host.WithFolder($"{Devices}/1-1");

        Assert.Equal("nothing is plugged in", UsbReader.Read(_host.Tree).Note);
    }

    [Fact]
    public void Read_aHostileName_cannotMoveTheCursor()
    {
        Add("1-1", "dead", "beef", "00", "\u202Egnp.exe\u0007", "\u001B]0;owned\u0007\u001B[2J" + new string('y', 4096), "480");

        UsbDevice device = Assert.Single(UsbReader.Read(_host.Tree).Devices);

        Assert.DoesNotContain(device.Manufacturer + device.Product, char.IsControl);
        Assert.DoesNotContain('\u202E', device.Manufacturer!);
        Assert.Equal(PrintableText.LongestName + 1, device.Product!.Length);
    }

    [Fact]
    public void Read_noUsb_saysWhy() =>
        Assert.Equal("the kernel has no USB (/sys/bus/usb/devices is not there)", UsbReader.Read(_host.Tree).Note);

    public void Dispose() => _host.Dispose();

    private void Add(string port, string vendor, string product, string deviceClass, string? manufacturer, string? name, string speed)
    {
        string folder = $"{Devices}/{port}";
        _host.With($"{folder}/idVendor", vendor + "\n").With($"{folder}/idProduct", product + "\n").With($"{folder}/bDeviceClass", deviceClass + "\n").With($"{folder}/speed", speed + "\n");
        if (manufacturer is not null)
            _host.With($"{folder}/manufacturer", manufacturer + "\n");
        if (name is not null)
            _host.With($"{folder}/product", name + "\n");
    }
}
