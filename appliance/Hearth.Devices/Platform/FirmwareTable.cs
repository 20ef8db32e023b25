using Hearth.Machine;

namespace Hearth.Devices.Platform;

/// <summary>Bytes that a firmware would have left in RAM: a table and where it lies.</summary>
/// <param name="Name">The table's signature, for people: <c>DSDT</c>.</param>
/// <param name="Address">Where the guest finds it.</param>
/// <param name="Bytes">Complete, checksum included.</param>
public sealed record FirmwareTable(string Name, GuestAddress Address, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The first address past the table.</summary>
    public GuestAddress End => Address + (ulong)Bytes.Length;
}
