using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Block;

/// <summary>
/// One request in flight: what the guest asks for and how it ended. Data go between the disk and the guest's own memory. Reused;
/// owned by the thread that works on it.
/// </summary>
internal sealed class BlockTransfer
{
    /// <summary>The most a guest may discard or zero with one request: 1 GiB.</summary>
    public const uint MaximumRangeSectors = 1 << 21;

    // The handshake between the thread that submits a request and the one that completes it.
    public const int Submitting = 0;
    public const int Pending = 1;
    public const int Completed = 2;

    private readonly IBlockBackend _backend;
    private readonly IBlockCompletion _completion;
    private readonly Memory<byte>[] _buffers;
    private uint _type;
    private ulong _offset;
    private ulong _length;
    private byte _status;

    // Nothing is left to do, or the request is refused.
    private bool _isDecided;

    public BlockTransfer(int tag, IBlockBackend backend, IBlockCompletion completion, IGuestMemory ram, int chainCapacity)
    {
        Tag = tag;
        _backend = backend;
        _completion = completion;
        _buffers = new Memory<byte>[chainCapacity];
        Chain = new DescriptorChain(ram, chainCapacity);
    }

    /// <summary>Its index among the device's transfers.</summary>
    public int Tag { get; }

    /// <summary>Bytes, at most 1 GiB; a longer request is an error.</summary>
    public required ulong MaximumLength { get; init; }

    public DescriptorChain Chain { get; }

    /// <summary>Submitting, Pending or Completed.</summary>
    public int Phase;

    /// <summary>How the backend ended it.</summary>
    public BlockStatus Result { get; set; }

    /// <summary>Bytes from the start of the chain's writable part that count as written; the status byte is the last.</summary>
    public uint Written => (uint)Math.Min(Chain.WritableLength, uint.MaxValue);

    // The status byte ends the writable part; what lies before it is data.
    private ulong WritableData => Chain.WritableLength - 1;

    private ulong ReadableData => Chain.ReadableLength - BlockRegisters.HeaderLength;

    /// <summary>Reads the header and checks what can be checked before the backend has a say.</summary>
    /// <param name="serial">20 bytes, padded with zeroes.</param>
    public void Begin(ReadOnlySpan<byte> serial)
    {
        Span<byte> header = stackalloc byte[BlockRegisters.HeaderLength];
        Chain.Read(0, header);
        _type = BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        _offset = 0;
        _length = 0;
        _isDecided = false;
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
                Decide(BlockRegisters.StatusIoError);
                break;
            case BlockRegisters.TypeFlush:
                break;
            case BlockRegisters.TypeGetId:
                Chain.Write(0, serial[..(int)Math.Min(WritableData, (ulong)serial.Length)]);
                Decide(BlockRegisters.StatusOk);
                break;
            case BlockRegisters.TypeDiscard or BlockRegisters.TypeWriteZeroes:
                BeginRange();
                break;
            default:
                Decide(BlockRegisters.StatusUnsupported);
                break;
        }
    }

    /// <returns>False when there is nothing for the backend to do.</returns>
    public bool TryMakeRequest(out BlockRequest request)
    {
        request = default;
        if (_isDecided)
            return false;
        int count = _type switch
        {
            BlockRegisters.TypeIn => Chain.MapWritable(0, (int)_length, _buffers),
            BlockRegisters.TypeOut => Chain.MapReadable(BlockRegisters.HeaderLength, (int)_length, _buffers),
            _ => 0,
        };
        request = new BlockRequest(OperationOf(_type), _offset, _length, _buffers.AsMemory(0, count), _completion, Tag);
        return true;
    }

    /// <summary>Takes <see cref="Result"/>.</summary>
    public void AcceptResult()
    {
        // Also after a failure: some of it may have come.
        if (_type == BlockRegisters.TypeIn)
            Chain.NoteWrite(0, (int)_length);
        Decide(Result == BlockStatus.Ok ? BlockRegisters.StatusOk : BlockRegisters.StatusIoError);
    }

    /// <summary>Tells the driver how the request ended.</summary>
    public void WriteStatus() => Chain.Write(WritableData, [_status]);

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
            Decide(BlockRegisters.StatusIoError);
            return;
        }

        Chain.Read(BlockRegisters.HeaderLength, range);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(range);
        uint sectors = BinaryPrimitives.ReadUInt32LittleEndian(range[8..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(range[12..]);
        uint allowed = _type == BlockRegisters.TypeWriteZeroes ? BlockRegisters.RangeFlagUnmap : 0;
        if ((flags & ~allowed) != 0 || (_type == BlockRegisters.TypeDiscard && !_backend.CanDiscard))
            Decide(BlockRegisters.StatusUnsupported);
        else if (sectors > MaximumRangeSectors)
            Decide(BlockRegisters.StatusIoError);
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
            Decide(BlockRegisters.StatusIoError);
            return;
        }

        _offset = start;
        _length = length;
        if (length == 0)
            Decide(BlockRegisters.StatusOk);
    }

    private void Decide(byte status)
    {
        _status = status;
        _isDecided = true;
    }
}
