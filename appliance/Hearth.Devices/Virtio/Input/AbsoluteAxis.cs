namespace Hearth.Devices.Virtio.Input;

/// <summary>An absolute axis (virtio 1.2, section 5.8.4, <c>struct virtio_input_absinfo</c>).</summary>
/// <param name="Fuzz">Changes up to this are noise.</param>
/// <param name="Flat">Values up to this from the middle are the middle.</param>
/// <param name="ReturnsToRest">It goes back to zero when it is let go, as a stick does.</param>
internal readonly record struct AbsoluteAxis(ushort Code, int Minimum, int Maximum, int Fuzz = 0, int Flat = 0, bool ReturnsToRest = false);
