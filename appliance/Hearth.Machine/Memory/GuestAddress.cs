namespace Hearth.Machine;

/// <summary>A guest-physical address.</summary>
public readonly record struct GuestAddress(ulong Value)
{
    public static GuestAddress operator +(GuestAddress address, ulong bytes) => new(address.Value + bytes);

    public override string ToString() => $"0x{Value:x}";
}
