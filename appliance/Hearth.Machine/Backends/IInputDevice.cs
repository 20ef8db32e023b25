namespace Hearth.Machine;

/// <summary>An input device of the guest, as the host feeds it. Any thread calls; nothing is allocated.</summary>
/// <remarks>
/// The host says what is, and the device sees to it that the guest learns of it: what finds no room is caught up with later,
/// in whole reports, so that no key stays down for a guest that was slow.
/// </remarks>
public interface IInputDevice
{
    InputDeviceKind Kind { get; }

    /// <summary>A driver of the guest listens.</summary>
    bool IsReady { get; }

    /// <summary>The lights as the guest set them last; none where the device has no lights.</summary>
    InputLights Lights { get; }

    /// <summary>Takes what changed at one moment.</summary>
    /// <param name="events">Without the event that ends a report. Repeats of a key, and codes the device does not have, are left out.</param>
    void Report(ReadOnlySpan<InputEvent> events);

    /// <summary>Lets go of every key, button and finger, and lets sticks return: the hands have gone to another guest.</summary>
    void ReleaseAll();
}
