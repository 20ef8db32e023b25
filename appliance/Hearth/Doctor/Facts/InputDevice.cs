namespace Hearth.Doctor.Facts;

/// <summary>A keyboard, a mouse, or the like, from /proc/bus/input/devices.</summary>
/// <param name="Path">Where it is plugged in, for example <c>usb-0000:00:14.0-2/input0</c>.</param>
/// <param name="Event">Its event device, for example <c>event3</c>.</param>
internal sealed record InputDevice(InputKind Kind, string Name, string? Path, string? Event);
