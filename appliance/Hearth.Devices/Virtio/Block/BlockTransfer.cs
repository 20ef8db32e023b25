using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Block;

/// <summary>
/// One request in flight: what the guest asks for and how far it is. A transfer longer than its bounce buffer goes piece by
/// piece, so the memory a guest can bind is fixed. Reused; owned by the thread that works on it.
/// </summary>
internal sealed class BlockTransfer
{
    /// <summary>Bytes of the bounce buffer.</summary>
    public const int PieceLength = 128 * 1024;

    /// <summary>The most a guest may discard or zero with one request: 1 GiB.</summary>
    public const uint MaximumRangeSectors = 1 << 21;

    // The handshake between the thread that submits a piece and the one that completes it.
    public const int Submitting = 0;
    public const int Pending = 1;
    public const int Completed = 2;

    private readonly IBlockBackend _backend;
    private readonly IBlockCompletion _completion;
    private byte[]? _buffer;
    private uint _type;
    private ulong _offset;
    private ulong _length;
    private ulong _done;
    private int _piece;
    private byte _status;
    private bool _finished;

    public BlockTransfer(int tag, IBlockBackend backend, IBlockCompletion completion, IGuestMemory ram, int chainCapacity)
    {
        Tag = tag;
        _backend = backend;
        _completion = completion;
        Chain = new DescriptorChain(ram, chainCapacity);
    }

    /// <summary>Its index among the device's transfers.</summary>
    public int Tag { get; }

    /// <summary>Bytes; a longer request is an error.</summary>
    public required ulong MaximumLength { get; init; }

    public DescriptorChain Chain { get; }

    /// <summary>Submitting, Pending or Completed.</summary>
    public int Phase;

    /// <summary>How the last piece ended.</summary>
    public BlockStatus PieceStatus { get; set; }

    /// <summary>Bytes from the start of the chain's writable part that count as written; the status byte is the last.</summary>
    public uint Written => (uint)Math.Min(Chain.WritableLength, uint.MaxValue);

    // The status byte ends the writable part; what lies before it is data.
    private ulong WritableData => Chain.WritableLength - 1;

    private ulong ReadableData => Chain.ReadableLength - BlockRegisters.HeaderLength;

    /// <summary>Reads the header and checks what can be checked before the first piece.</summary>
    /// <param name="serial">20 bytes, padded with zeroes.</param>
    public void Begin(ReadOnlySpan<byte> serial)
    {
        Span<byte> header = stackalloc byte[BlockRegisters.HeaderLength];
        Chain.Read(0, header);
        _type = BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        _done = 0;
        _length = 0;
        _finished = false;
        _status = BlockRegisters.StatusOk;
        switch (_type)
        {
            case BlockRegisters.TypeIn when WritableData <= MaximumLength:
                SetRange(sector, WritableData);
                break;
            case BlockRegisters.TypeOut when !_backend.IsReadOnly && ReadableData <= MaximumLength:
                SetRange(sector, ReadableData);
                break;
            case BlockRegisters.TypeIn or BlockRegisters.TypeOut:
                End(BlockRegisters.StatusIoError);
                break;
            case BlockRegisters.TypeFlush:
                break;
            case BlockRegisters.TypeGetId:
                Chain.Write(0, serial[..(int)Math.Min(WritableData, (ulong)serial.Length)]);
                End(BlockRegisters.StatusOk);
                break;
            case BlockRegisters.TypeDiscard or BlockRegisters.TypeWriteZeroes:
                BeginRange();
                break;
            default:
                End(BlockRegisters.StatusUnsupported);
                break;
        }
    }

    /// <summary>Prepares the next piece.</summary>
    /// <returns>False when the request is finished and its status is written.</returns>
    public bool TryNextPiece(out BlockRequest request)
    {
        request = default;
        if (_finished)
        {
            Chain.Write(WritableData, [_status]);
            return false;
        }

        if (_type is not (BlockRegisters.TypeIn or BlockRegisters.TypeOut))
        {
            request = new BlockRequest(OperationOf(_type), _offset, _length, Memory<byte>.Empty, _completion, Tag);
            return true;
        }

        _piece = (int)Math.Min(_length - _done, PieceLength);
        _buffer ??= GC.AllocateUninitializedArray<byte>(PieceLength, pinned: true);
        Memory<byte> piece = _buffer.AsMemory(0, _piece);
        if (_type == BlockRegisters.TypeOut)
            Chain.Read(BlockRegisters.HeaderLength + _done, piece.Span);
        request = new BlockRequest(OperationOf(_type), _offset + _done, (ulong)_piece, piece, _completion, Tag);
        return true;
    }

    /// <summary>Takes the result of the piece that <see cref="PieceStatus"/> tells of.</summary>
    public void AcceptPiece()
    {
        if (PieceStatus != BlockStatus.Ok)
        {
            End(BlockRegisters.StatusIoError);
            return;
        }

        if (_type == BlockRegisters.TypeIn)
            Chain.Write(_done, _buffer.AsSpan(0, _piece));
        _done += (ulong)_piece;
        if (_type is not (BlockRegisters.TypeIn or BlockRegisters.TypeOut) || _done == _length)
            End(BlockRegisters.StatusOk);
    }

    private static BlockOperation OperationOf(uint type) => type switch
    {
        BlockRegisters.TypeIn => BlockOperation.Read,
        BlockRegisters.TypeOut => BlockOperation.Write,
        BlockRegisters.TypeDiscard => BlockOperation.Discard,
        BlockRegisters.TypeWriteZeroes => BlockOperation.WriteZeroes,
        _ => BlockOperation.Flush,
    };

    /// <summary>Discard and write zeroes carry one range each (section 5.2.6).</summary>
    private void BeginRange()
    {
        Span<byte> range = stackalloc byte[BlockRegisters.RangeLength];
        if (_backend.IsReadOnly || ReadableData != BlockRegisters.RangeLength)
        {
            End(BlockRegisters.StatusIoError);
            return;
        }

        Chain.Read(BlockRegisters.HeaderLength, range);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(range);
        uint sectors = BinaryPrimitives.ReadUInt32LittleEndian(range[8..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(range[12..]);
        uint allowed = _type == BlockRegisters.TypeWriteZeroes ? BlockRegisters.RangeFlagUnmap : 0;
        if ((flags & ~allowed) != 0 || (_type == BlockRegisters.TypeDiscard && !_backend.CanDiscard))
            End(BlockRegisters.StatusUnsupported);
        else if (sectors > MaximumRangeSectors)
            End(BlockRegisters.StatusIoError);
        else
            SetRange(sector, sectors * (ulong)BlockRegisters.SectorLength);
    }

    private void SetRange(ulong sector, ulong length)
    {
        ulong capacity = _backend.Capacity;
        ulong start = sector * BlockRegisters.SectorLength;
        bool inside = sector <= capacity / BlockRegisters.SectorLength && length <= capacity - start;
        if (!inside || ((start | length) & (_backend.BlockSize - 1)) != 0)
        {
            End(BlockRegisters.StatusIoError);
            return;
        }

        _offset = start;
        _length = length;
        if (length == 0)
            End(BlockRegisters.StatusOk);
    }

    private void End(byte status)
    {
        _status = status;
        _finished = true;
    }
}
