namespace Hearth.Doctor.Facts;

/// <summary>A USB device that is no hub.</summary>
/// <param name="Port">Bus and ports on the way to it, for example <c>1-4.2</c>.</param>
/// <param name="Id">Vendor and product in hexadecimal, for example <c>046d:c52b</c>.</param>
/// <param name="Speed">Megabits a second, as the kernel writes it: <c>1.5</c>, <c>12</c>, <c>480</c>, <c>5000</c> …</param>
internal sealed record UsbDevice(string Port, string Id, string? Manufacturer, string? Product, string? Speed);
