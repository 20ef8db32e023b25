using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio;

/// <summary>
/// One buffer the driver offers: the pieces of guest memory that a chain of descriptors names, read once and checked, first
/// those the device reads, then those it writes (virtio 1.2, section 2.7.5). It is reused and never allocates.
/// </summary>
/// <remarks>
/// Holds addresses, never references: the guest may change the descriptors afterwards, and the memory at any time. Every
/// piece was inside RAM when the chain was loaded, and RAM does not move.
/// </remarks>
public sealed class DescriptorChain
{
    private const int DescriptorLength = 16;
    private const ushort FlagNext = 1;
    private const ushort FlagWrite = 2;
    private const ushort FlagIndirect = 4;

    private readonly IGuestMemory _ram;
    private readonly Piece[] _pieces;
    private int _count;
    private int _readableCount;

    /// <param name="capacity">Pieces; the largest queue size it is used with.</param>
    public DescriptorChain(IGuestMemory ram, int capacity)
    {
        _ram = ram;
        _pieces = new Piece[capacity];
    }

    /// <summary>The descriptor that the used ring names.</summary>
    public ushort Head { get; private set; }

    /// <summary>Bytes the driver wrote for the device.</summary>
    public ulong ReadableLength { get; private set; }

    /// <summary>Bytes the device may write.</summary>
    public ulong WritableLength { get; private set; }

    /// <summary>Copies what the driver wrote.</summary>
    /// <param name="offset">Bytes from the start of the readable part.</param>
    /// <returns>The bytes copied: fewer than asked for when the readable part ends.</returns>
    public int Read(ulong offset, Span<byte> to)
    {
        int done = 0;
        for (int i = 0; i < _readableCount && done < to.Length; i++)
        {
            ref readonly Piece piece = ref _pieces[i];
            if (offset >= piece.Length)
            {
                offset -= piece.Length;
                continue;
            }

            int part = (int)Math.Min(piece.Length - offset, (ulong)(to.Length - done));
            _ram.TryRead(new GuestAddress(piece.Address + offset), to.Slice(done, part));
            done += part;
            offset = 0;
        }

        return done;
    }

    /// <summary>Copies to the driver.</summary>
    /// <param name="offset">Bytes from the start of the writable part.</param>
    /// <returns>The bytes copied: fewer than given when the writable part ends.</returns>
    public int Write(ulong offset, ReadOnlySpan<byte> from)
    {
        int done = 0;
        for (int i = _readableCount; i < _count && done < from.Length; i++)
        {
            ref readonly Piece piece = ref _pieces[i];
            if (offset >= piece.Length)
            {
                offset -= piece.Length;
                continue;
            }

            int part = (int)Math.Min(piece.Length - offset, (ulong)(from.Length - done));
            _ram.TryWrite(new GuestAddress(piece.Address + offset), from.Slice(done, part));
            done += part;
            offset = 0;
        }

        return done;
    }

    /// <summary>Walks the chain that starts at <paramref name="head"/>.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    internal string? Load(in RingTable ring, ushort head)
    {
        Head = head;
        _count = 0;
        _readableCount = 0;
        ReadableLength = 0;
        WritableLength = 0;

        ulong table = ring.Descriptors;
        uint tableCount = ring.Size;
        uint index = head;
        bool indirect = false;
        Span<byte> raw = stackalloc byte[DescriptorLength];

        // A chain, an indirect table included, is at most as long as the queue: that ends every loop.
        for (int steps = 0; steps <= ring.Size; steps++)
        {
            if (index >= tableCount)
                return "a descriptor index is outside its table";
            if (!_ram.TryRead(new GuestAddress(table + (index * DescriptorLength)), raw))
                return "a descriptor table is not in memory";
            var descriptor = new Descriptor(raw);
            if ((descriptor.Flags & FlagIndirect) != 0)
            {
                if (indirect || !ring.AllowsIndirect || (descriptor.Flags & FlagNext) != 0)
                    return "an indirect descriptor stands where none may be";
                if (descriptor.Length == 0 || descriptor.Length % DescriptorLength != 0 || descriptor.Length / DescriptorLength > ring.Size)
                    return "an indirect table has an impossible length";
                indirect = true;
                table = descriptor.Address;
                tableCount = descriptor.Length / DescriptorLength;
                index = 0;
                continue;
            }

            if (Add(descriptor) is { } fault)
                return fault;
            if ((descriptor.Flags & FlagNext) == 0)
                return null;
            index = descriptor.Next;
        }

        return "a descriptor chain is longer than its queue";
    }

    private string? Add(in Descriptor descriptor)
    {
        bool writable = (descriptor.Flags & FlagWrite) != 0;
        if (!writable && _count != _readableCount)
            return "a readable descriptor follows a writable one";
        if (descriptor.Length == 0)
            return null;
        if (_count == _pieces.Length)
            return "a descriptor chain is longer than its queue";
        if (descriptor.Address + descriptor.Length < descriptor.Address || !_ram.Contains(new GuestAddress(descriptor.Address), descriptor.Length))
            return "a buffer is not in memory";
        _pieces[_count++] = new Piece(descriptor.Address, descriptor.Length);
        if (writable)
        {
            WritableLength += descriptor.Length;
        }
        else
        {
            _readableCount++;
            ReadableLength += descriptor.Length;
        }

        return null;
    }

    /// <summary>Where a queue's descriptors are and what its chains may contain.</summary>
    internal readonly record struct RingTable(ulong Descriptors, ushort Size, bool AllowsIndirect);

    private readonly record struct Piece(ulong Address, uint Length);

    private readonly ref struct Descriptor(ReadOnlySpan<byte> raw)
    {
        public readonly ulong Address = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        public readonly uint Length = BinaryPrimitives.ReadUInt32LittleEndian(raw[8..]);
        public readonly ushort Flags = BinaryPrimitives.ReadUInt16LittleEndian(raw[12..]);
        public readonly ushort Next = BinaryPrimitives.ReadUInt16LittleEndian(raw[14..]);
    }
}
