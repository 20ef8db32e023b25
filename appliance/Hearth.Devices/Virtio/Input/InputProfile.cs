using Hearth.Machine;

namespace Hearth.Devices.Virtio.Input;

/// <summary>What one kind of input device has.</summary>
/// <param name="Name">How the guest calls it.</param>
/// <param name="Product">Tells the kinds apart for the guest's rules.</param>
/// <param name="ClassCode">The PCI class: 0x0900 keyboard, 0x0902 mouse, 0x0980 other input device.</param>
/// <param name="Keys">Keys and buttons.</param>
internal sealed record InputProfile(InputDeviceKind Kind, string Name, ushort Product, uint ClassCode, IReadOnlyList<ushort> Keys)
{
    public IReadOnlyList<ushort> Relative { get; init; } = [];

    public IReadOnlyList<AbsoluteAxis> Axes { get; init; } = [];

    /// <summary>INPUT_PROP_* bits (linux/input-event-codes.h).</summary>
    public byte Properties { get; init; }

    /// <summary>It has lights, and the guest repeats its keys.</summary>
    public bool IsKeyboard => Kind == InputDeviceKind.Keyboard;

    /// <summary>Fingers that are told apart; zero for a device without multi-touch.</summary>
    public int SlotCount => Axes.Where(axis => axis.Code == InputCode.TouchSlot).Select(axis => axis.Maximum + 1).FirstOrDefault();
}
