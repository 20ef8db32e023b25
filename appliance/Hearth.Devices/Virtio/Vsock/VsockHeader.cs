using System.Buffers.Binary;

namespace Hearth.Devices.Virtio.Vsock;

/// <summary>struct virtio_vsock_hdr (virtio 1.2, section 5.10.6), which every packet begins with.</summary>
/// <param name="Length">Bytes of data behind it.</param>
/// <param name="Allocation">Bytes of buffer that the sender has for the connection.</param>
/// <param name="Forwarded">Bytes that the sender has taken out of it, counted up for ever.</param>
internal readonly record struct VsockHeader(
    ulong SourceCid,
    ulong DestinationCid,
    uint SourcePort,
    uint DestinationPort,
    uint Length,
    ushort Type,
    VsockOperation Operation,
    uint Flags,
    uint Allocation,
    uint Forwarded)
{
    public const int Size = 44;

    /// <param name="raw"><see cref="Size"/> bytes.</param>
    public static VsockHeader Read(ReadOnlySpan<byte> raw) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(raw),
        BinaryPrimitives.ReadUInt64LittleEndian(raw[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(raw[16..]),
        BinaryPrimitives.ReadUInt32LittleEndian(raw[20..]),
        BinaryPrimitives.ReadUInt32LittleEndian(raw[24..]),
        BinaryPrimitives.ReadUInt16LittleEndian(raw[28..]),
        (VsockOperation)BinaryPrimitives.ReadUInt16LittleEndian(raw[30..]),
        BinaryPrimitives.ReadUInt32LittleEndian(raw[32..]),
        BinaryPrimitives.ReadUInt32LittleEndian(raw[36..]),
        BinaryPrimitives.ReadUInt32LittleEndian(raw[40..]));

    /// <inheritdoc cref="Read"/>
    public void Write(Span<byte> raw)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(raw, SourceCid);
        BinaryPrimitives.WriteUInt64LittleEndian(raw[8..], DestinationCid);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[16..], SourcePort);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[20..], DestinationPort);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[24..], Length);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[28..], Type);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[30..], (ushort)Operation);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[32..], Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[36..], Allocation);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[40..], Forwarded);
    }
}
