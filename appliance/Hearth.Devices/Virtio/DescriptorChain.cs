using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio;

/// <summary>
/// One buffer the driver offers: the pieces of guest memory that a chain of descriptors names, read once and checked, first
/// those the device reads, then those it writes (virtio 1.2, section 2.7.5). It is reused and never allocates.
/// </summary>
/// <remarks>
/// Holds addresses: the guest may change the descriptors afterwards, and the memory at any time. Every piece was inside RAM
/// when the chain was loaded, and RAM does not move.
/// </remarks>
public sealed class DescriptorChain
{
    private const int DescriptorLength = 16;

    /// <summary>Descriptors read at once: those of a large buffer follow one another in their table.</summary>
    private const int ReadAhead = 16;

    private const uint MaximumPieceLength = 1 << 30;
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

    private ReadOnlySpan<Piece> Readable => _pieces.AsSpan(0, _readableCount);

    private ReadOnlySpan<Piece> Writable => _pieces.AsSpan(_readableCount, _count - _readableCount);

    /// <summary>Copies what the driver wrote.</summary>
    /// <param name="offset">Bytes from the start of the readable part.</param>
    /// <returns>The bytes copied: fewer than asked for when the readable part ends.</returns>
    public int Read(ulong offset, Span<byte> to)
    {
        int done = 0;
        foreach (Piece piece in new Stretch(Readable, offset, (ulong)to.Length))
        {
            _ram.TryRead(new GuestAddress(piece.Address), to.Slice(done, (int)piece.Length));
            done += (int)piece.Length;
        }

        return done;
    }

    /// <summary>Copies to the driver.</summary>
    /// <param name="offset">Bytes from the start of the writable part.</param>
    /// <returns>The bytes copied: fewer than given when the writable part ends.</returns>
    public int Write(ulong offset, ReadOnlySpan<byte> from)
    {
        int done = 0;
        foreach (Piece piece in new Stretch(Writable, offset, (ulong)from.Length))
        {
            _ram.TryWrite(new GuestAddress(piece.Address), from.Slice(done, (int)piece.Length));
            done += (int)piece.Length;
        }

        return done;
    }

    /// <summary>Borrows what the driver wrote, for a transfer by the host's kernel.</summary>
    /// <param name="offset">Bytes from the start of the readable part.</param>
    /// <param name="length">Bytes, at most 1 GiB.</param>
    /// <param name="to">Room for as many as the chain's capacity.</param>
    /// <returns>The number of stretches in <paramref name="to"/>.</returns>
    public int MapReadable(ulong offset, int length, Span<Memory<byte>> to) => Map(new Stretch(Readable, offset, (ulong)length), to);

    /// <summary>Borrows what the device may write, for a transfer by the host's kernel. <see cref="NoteWrite"/> follows it.</summary>
    /// <param name="offset">Bytes from the start of the writable part.</param>
    /// <inheritdoc cref="MapReadable"/>
    public int MapWritable(ulong offset, int length, Span<Memory<byte>> to) => Map(new Stretch(Writable, offset, (ulong)length), to);

    /// <summary>The host's kernel may have written to these bytes of the writable part.</summary>
    public void NoteWrite(ulong offset, int length)
    {
        foreach (Piece piece in new Stretch(Writable, offset, (ulong)length))
            _ram.NoteWrite(new GuestAddress(piece.Address), (int)piece.Length);
    }

    /// <summary>Pieces of the writable part.</summary>
    public int WritablePieces => _count - _readableCount;

    /// <summary>Where a piece of the writable part lies, for a device that deals with memory itself and not with what is in it.</summary>
    /// <param name="index">0 to <see cref="WritablePieces"/> - 1.</param>
    /// <returns>The first byte, and how many bytes of RAM follow.</returns>
    public (GuestAddress Start, uint Length) WritablePiece(int index)
    {
        Piece piece = Writable[index];
        return (new GuestAddress(piece.Address), piece.Length);
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
        Span<byte> raw = stackalloc byte[DescriptorLength * ReadAhead];
        uint first = 0;
        uint ahead = 0;

        // A chain, an indirect table included, is at most as long as the queue: that ends every loop.
        for (int steps = 0; steps <= ring.Size; steps++)
        {
            if (index >= tableCount)
                return "a descriptor index is outside its table";
            if (index - first >= ahead)
            {
                (first, ahead) = (index, Math.Min(tableCount - index, ReadAhead));
                if (!_ram.TryRead(new GuestAddress(table + (index * DescriptorLength)), raw[..((int)ahead * DescriptorLength)]))
                    return "a descriptor table is not in memory";
            }

            var descriptor = new Descriptor(raw[((int)(index - first) * DescriptorLength)..]);
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
                ahead = 0;
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

    private int Map(Stretch stretch, Span<Memory<byte>> to)
    {
        int count = 0;
        foreach (Piece piece in stretch)
        {
            if (_ram.TryMap(new GuestAddress(piece.Address), (int)piece.Length, out to[count]))
                count++;
        }

        return count;
    }

    private string? Add(in Descriptor descriptor)
    {
        bool writable = (descriptor.Flags & FlagWrite) != 0;
        if (!writable && _count != _readableCount)
            return "a readable descriptor follows a writable one";
        if (descriptor.Length == 0)
            return null;
        var start = new GuestAddress(descriptor.Address);
        if (descriptor.Address + descriptor.Length < descriptor.Address || !_ram.Contains(start, descriptor.Length))
            return "a buffer is not in memory";
        if (writable && !_ram.IsWritable(start, descriptor.Length))
            return "a buffer to be written is write-protected";
        if (!TryJoin(descriptor, writable))
        {
            if (_count == _pieces.Length)
                return "a descriptor chain is longer than its queue";
            _pieces[_count++] = new Piece(descriptor.Address, descriptor.Length);
        }

        if (writable)
        {
            WritableLength += descriptor.Length;
        }
        else
        {
            _readableCount = _count;
            ReadableLength += descriptor.Length;
        }

        return null;
    }

    /// <summary>Buffers that follow one another in memory, as the pages of a large one mostly do, become one piece.</summary>
    private bool TryJoin(in Descriptor descriptor, bool writable)
    {
        if (_count == (writable ? _readableCount : 0))
            return false;
        ref Piece last = ref _pieces[_count - 1];
        ulong length = (ulong)last.Length + descriptor.Length;
        if (last.Address + last.Length != descriptor.Address || length > MaximumPieceLength || !_ram.Contains(new GuestAddress(last.Address), length))
            return false;
        last = new Piece(last.Address, (uint)length);
        return true;
    }

    /// <summary>Where a queue's descriptors are and what its chains may contain.</summary>
    internal readonly record struct RingTable(ulong Descriptors, ushort Size, bool AllowsIndirect);

    private readonly record struct Piece(ulong Address, uint Length);

    /// <summary>Some of the bytes of consecutive pieces.</summary>
    /// <param name="offset">Bytes to leave out before.</param>
    /// <param name="length">Bytes at most; fewer where the pieces end.</param>
    private ref struct Stretch(ReadOnlySpan<Piece> pieces, ulong offset, ulong length)
    {
        private ReadOnlySpan<Piece> _rest = pieces;
        private ulong _offset = offset;
        private ulong _left = length;

        public Piece Current { get; private set; }

        public readonly Stretch GetEnumerator() => this;

        public bool MoveNext()
        {
            while (_left > 0 && !_rest.IsEmpty)
            {
                Piece piece = _rest[0];
                _rest = _rest[1..];
                if (_offset >= piece.Length)
                {
                    _offset -= piece.Length;
                    continue;
                }

                Current = new Piece(piece.Address + _offset, (uint)Math.Min(piece.Length - _offset, _left));
                _offset = 0;
                _left -= Current.Length;
                return true;
            }

            return false;
        }
    }

    private readonly ref struct Descriptor(ReadOnlySpan<byte> raw)
    {
        public readonly ulong Address = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        public readonly uint Length = BinaryPrimitives.ReadUInt32LittleEndian(raw[8..]);
        public readonly ushort Flags = BinaryPrimitives.ReadUInt16LittleEndian(raw[12..]);
        public readonly ushort Next = BinaryPrimitives.ReadUInt16LittleEndian(raw[14..]);
    }
}
