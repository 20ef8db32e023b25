namespace Hearth.Machine;

/// <summary>One change of an input device, as <c>struct input_event</c> of linux/input.h has it, without the time.</summary>
/// <param name="Type">See <see cref="InputEventType"/>.</param>
/// <param name="Code">The key, axis or light, by the codes of linux/input-event-codes.h.</param>
/// <param name="Value">A key: 1 down, 0 up. A relative axis: counts. An absolute one: where it is now.</param>
public readonly record struct InputEvent(ushort Type, ushort Code, int Value);
