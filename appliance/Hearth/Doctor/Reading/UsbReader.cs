using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads the devices on USB (Linux, drivers/usb/core/sysfs.c). Hubs, among them the controllers' own, are left out.</summary>
internal static class UsbReader
{
    private const string Path = "sys/bus/usb/devices";
    private const string HubClass = "09";

    public static Found<UsbDevice> Read(HostTree tree)
    {
        UsbDevice[] devices = [.. tree.List(Path).Where(IsDevice).Select(name => Device(tree, name)).OfType<UsbDevice>()];
        return new Found<UsbDevice>(devices, devices.Length > 0 ? null : tree.Exists(Path) ? "nothing is plugged in" : tree.Explain(Path, "the kernel has no USB"));
    }

    /// <summary>Devices are named by their ports, as <c>1-4.2</c>; <c>usb1</c> is a controller, <c>1-4.2:1.0</c> a part of a device.</summary>
    private static bool IsDevice(string name) => char.IsAsciiDigit(name[0]) && name.Contains('-', StringComparison.Ordinal) && !name.Contains(':', StringComparison.Ordinal);

    private static UsbDevice? Device(HostTree tree, string port)
    {
        string folder = $"{Path}/{port}";
        string? vendor = tree.ReadValue($"{folder}/idVendor");
        string? product = tree.ReadValue($"{folder}/idProduct");

        // One that is pulled out meanwhile has no files any more.
        if (vendor is null || product is null || tree.ReadValue($"{folder}/bDeviceClass") == HubClass)
            return null;
        return new UsbDevice(
            port,
            $"{vendor}:{product}",
            tree.ReadValue($"{folder}/manufacturer"),
            tree.ReadValue($"{folder}/product"),
            tree.ReadValue($"{folder}/speed"));
    }
}
