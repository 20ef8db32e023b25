using System.Buffers.Binary;
using Hearth.Devices.Virtio;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>
/// A virtio device and its driver: started again when the device has had enough of it, with rings that are mostly right, chains that loop, name what is no
/// memory, or are longer than their queue, and requests that are nearly good.
/// </summary>
/// <remarks>
/// Now and then a driver that was just started offers one good chain: it must come back, and nothing else in memory may have changed but rings.
/// </remarks>
internal abstract class VirtioTarget : PciTarget
{
    // Rings of each queue, then the indirect tables, then buffers.
    private const int RingsStart = 0x4000;
    private const int RingsLength = 0x3000;
    private const int DriverArea = 0x1000;
    private const int DeviceArea = 0x2000;
    private const int TablesStart = 0x1_8000;
    private const int TableLength = 0x200;
    private const int TableCount = 32;
    private const int BuffersStart = 0x2_0000;

    private const ushort Next = 1;
    private const ushort Writable = 2;
    private const ushort Indirect = 4;

    private const ulong IndirectFeature = 1UL << 28;
    private const ulong Version1 = 1UL << 32;
    private const byte DriverOk = 4;
    private const byte NeedsReset = 0x40;

    private static readonly int[] s_regions = [0x0000, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000];

    private readonly BufferList _request = new();
    private readonly byte[] _before = new byte[GuardedMemory.End];
    private ushort[] _available = [];
    private int[] _sizes = [];
    private ulong _features;
    private int _table;

    // The driver means no harm until it starts again: long sequences come to inner states.
    private bool _isCalm;

    protected sealed override ReadOnlySpan<int> Regions => s_regions;

    /// <summary>The device writes to buffers alone.</summary>
    protected virtual bool WritesOnlyBuffers => true;

    /// <summary>The device hands back every buffer of this queue, and does not wait for anything to fill it with.</summary>
    protected virtual bool IsAnswered(int queue) => true;

    /// <summary>The host works on buffers of the device's.</summary>
    protected virtual bool HasWork => false;

    private int QueueCount => _sizes.Length;

    protected void Plug(VirtioDevice device)
    {
        _available = new ushort[device.Queues.Count];
        _sizes = new int[device.Queues.Count];
        _sizes.AsSpan().Fill(BufferList.Capacity);
        Plug(new VirtioPciFunction(device, Machine.Context));
    }

    /// <summary>Makes a request, right or nearly right.</summary>
    /// <returns>The queue it is for.</returns>
    protected abstract int Compose(Random random, BufferList request);

    /// <summary>The driver writes to the device's own configuration, or does something else that is no request.</summary>
    protected virtual void Configure(Random random) => Write(0x2000 + (ulong)random.Next(64), Hostile.MemoryWidth(random), Hostile.Value(random));

    /// <summary>An address for a buffer: in memory, as a rule.</summary>
    protected static ulong Place(Random random, int length)
    {
        if (random.Next(200) == 0)
            return Hostile.Value(random);
        (int start, int end) = random.Next(2) == 0 ? (BuffersStart, GuardedMemory.HoleStart) : (GuardedMemory.HoleEnd, GuardedMemory.End);
        return (ulong)(start + random.Next(Math.Max(end - start - length, 1)));
    }

    /// <summary>Adds a piece that the device reads, sometimes in two halves.</summary>
    /// <returns>What is to be filled.</returns>
    protected Span<byte> AddReadable(Random random, BufferList request, int length)
    {
        ulong address = Place(random, length);
        int first = random.Next(8) == 0 ? random.Next(length + 1) : length;
        request.AddReadable(address, first);
        if (first != length)
            request.AddReadable(address + (ulong)first, length - first);
        return Ram(address, length);
    }

    /// <summary>Adds a piece that the device writes.</summary>
    protected static void AddWritable(Random random, BufferList request, int length) => request.AddWritable(Place(random, length), length);

    protected sealed override void ActAsDriver(Random random)
    {
        bool isStarted = (Read(0x14, AccessWidth.Byte) & (DriverOk | NeedsReset)) == DriverOk;
        int choice = random.Next(600);
        if (choice == 0 || (!isStarted && random.Next(4) == 0))
            Start(random, 1 << random.Next(9));
        else if (choice == 1)
            ResetQueue(random);
        else if (choice < 5)
            Audit(random);
        else if (choice < 30)
            Configure(random);
        else if (choice < 40 && !_isCalm)
            BinaryPrimitives.WriteUInt16LittleEndian(Ram((ulong)(RingsStart + (2 * random.Next(RingsLength * QueueCount / 2))), 2), (ushort)random.Next(1 << random.Next(17)));
        else
            Offer(random, MakeRequest(random), isHostile: !_isCalm && random.Next(8) == 0);
    }

    private int MakeRequest(Random random)
    {
        _request.Clear();
        return Compose(random, _request);
    }

    private void Start(Random random, int size)
    {
        // A device with requests in flight resets when they have come to their end.
        Write(0x14, AccessWidth.Byte, 0);
        if (HasWork && Read(0x14, AccessWidth.Byte) == 0)
            throw new InvalidOperationException("a device is reset while the host works on its buffers");
        FinishWork();

        // All ones: a damaged state has moved the registers away.
        if (Read(0x14, AccessWidth.Byte) is not (0 or 0xFF))
            throw new InvalidOperationException("a device with nothing in flight is not reset");
        _isCalm = random.Next(2) == 0;
        Write(0x14, AccessWidth.Byte, 3);
        ChooseFeatures(random);
        Write(0x14, AccessWidth.Byte, 11);
        Write(0x10, AccessWidth.Word, (ulong)random.Next(QueueCount + 2));
        for (int queue = 0; queue < QueueCount; queue++)
            StartQueue(random, queue, size);
        Write(0x14, AccessWidth.Byte, 15);
    }

    private void ChooseFeatures(Random random)
    {
        Write(0x00, AccessWidth.Dword, 0);
        ulong offered = Read(0x04, AccessWidth.Dword);
        Write(0x00, AccessWidth.Dword, 1);
        offered |= Read(0x04, AccessWidth.Dword) << 32;
        _features = random.Next(4) == 0 ? (offered & (ulong)random.NextInt64()) | Version1 : offered;
        for (int half = 0; half < 2; half++)
        {
            Write(0x08, AccessWidth.Dword, (ulong)half);
            Write(0x0C, AccessWidth.Dword, (uint)(_features >> (32 * half)));
        }
    }

    private void StartQueue(Random random, int queue, int size)
    {
        ulong rings = (ulong)RingsOf(queue);
        Write(0x16, AccessWidth.Word, (ulong)queue);
        Write(0x18, AccessWidth.Word, (ulong)size);
        Write(0x1A, AccessWidth.Word, (ulong)random.Next(QueueCount + 2));
        Write(0x20, AccessWidth.Qword, rings);
        Write(0x28, AccessWidth.Qword, rings + DriverArea);
        Write(0x30, AccessWidth.Qword, rings + DeviceArea);
        Machine.Ram.Bytes.AsSpan(RingsOf(queue), RingsLength).Clear();
        Write(0x1C, AccessWidth.Word, 1);

        // A size that the queue does not take leaves it as large as it may be.
        _sizes[queue] = Math.Max((int)Read(0x18, AccessWidth.Word), 1);
        _available[queue] = 0;
    }

    private void ResetQueue(Random random)
    {
        int queue = random.Next(QueueCount);
        Write(0x16, AccessWidth.Word, (ulong)queue);
        Write(0x3A, AccessWidth.Word, 1);
        FinishWork();
        if (random.Next(2) == 0)
            StartQueue(random, queue, 1 << random.Next(9));
    }

    /// <summary>Offers one good chain and looks whether it comes back, and whether memory was written that is none of its buffers.</summary>
    private void Audit(Random random)
    {
        if (!WritesOnlyBuffers)
            return;
        Start(random, BufferList.Capacity);
        int queue = MakeRequest(random);
        Machine.Ram.Bytes.AsSpan(0, GuardedMemory.End).CopyTo(_before);
        Offer(random, queue, isHostile: false);
        for (int i = 0; i < 4; i++)
            ActFromOutside(random);
        FinishWork();
        foreach (BufferList.Piece piece in _request.Pieces)
        {
            if (piece.IsWritable && Memory.Contains(new GuestAddress(piece.Address), piece.Length))
                Accept((int)piece.Address, (int)piece.Length);
        }

        if (IsAnswered(queue) && !IsOver())
            MustBeUsed(queue);
        Accept(RingsStart, BuffersStart - RingsStart);
        int other = Machine.Ram.Bytes.AsSpan(0, GuardedMemory.End).CommonPrefixLength(_before);
        if (other != GuardedMemory.End)
            throw new InvalidOperationException($"0x{other:x} was written, which is in no buffer of queue {queue}");
    }

    /// <summary>The device may have written over the rings, or cannot go on.</summary>
    private bool IsOver()
    {
        foreach (BufferList.Piece piece in _request.Pieces)
        {
            if (piece.IsWritable && piece.Address < BuffersStart)
                return true;
        }

        return (Read(0x14, AccessWidth.Byte) & NeedsReset) != 0;
    }

    private void MustBeUsed(int queue)
    {
        if (BinaryPrimitives.ReadUInt16LittleEndian(Machine.Ram.Bytes.AsSpan(RingsOf(queue) + DeviceArea + 2)) != 1)
            throw new InvalidOperationException($"a buffer of queue {queue} does not come back");
    }

    private void Accept(int start, int length) => Machine.Ram.Bytes.AsSpan(start, length).CopyTo(_before.AsSpan(start));

    private static int RingsOf(int queue) => RingsStart + (queue * RingsLength);

    private void Offer(Random random, int queue, bool isHostile)
    {
        int size = _sizes[queue];
        int rings = RingsOf(queue);
        int head = _available[queue] % size;
        ReadOnlySpan<BufferList.Piece> pieces = _request.Pieces;
        bool isIndirect = (_features & IndirectFeature) != 0 && (pieces.Length > size || random.Next(4) == 0);
        if (isIndirect)
        {
            _table = (_table + 1) % TableCount;
            int table = TablesStart + (_table * TableLength);
            WriteChain(random, table, pieces.Length, 0, isHostile);
            int length = isHostile && random.Next(4) == 0 ? (int)Hostile.Value(random) : pieces.Length * 16;
            WriteDescriptor(rings + (16 * head), (ulong)table, (uint)length, Indirect, 0);
        }
        else
        {
            WriteChain(random, rings, size, head, isHostile);
        }

        Span<byte> ring = Machine.Ram.Bytes.AsSpan(rings + DriverArea);
        BinaryPrimitives.WriteUInt16LittleEndian(ring[(4 + (2 * head))..], (ushort)head);
        _available[queue] += (ushort)(isHostile && random.Next(8) == 0 ? random.Next(300) : 1);
        BinaryPrimitives.WriteUInt16LittleEndian(ring[2..], _available[queue]);
        if (!isHostile || random.Next(4) != 0)
            Write(0x3000 + (4 * (ulong)queue), AccessWidth.Word, (ulong)queue);
    }

    /// <param name="table">Where the descriptors lie.</param>
    /// <param name="count">How many there are; the chain goes on at the first after the last.</param>
    private void WriteChain(Random random, int table, int count, int head, bool isHostile)
    {
        ReadOnlySpan<BufferList.Piece> pieces = _request.Pieces;
        int bad = isHostile ? random.Next(pieces.Length) : -1;
        for (int i = 0; i < pieces.Length; i++)
        {
            BufferList.Piece piece = pieces[i];
            bool isLast = i == pieces.Length - 1;
            ushort flags = (ushort)((isLast ? 0 : Next) | (piece.IsWritable ? Writable : 0));
            int at = table + (16 * ((head + i) % count));
            ushort next = (ushort)((head + i + 1) % count);
            if (i == bad)
                WriteBadDescriptor(random, at, piece, flags, next, head);
            else
                WriteDescriptor(at, piece.Address, piece.Length, flags, next);
        }
    }

    private void WriteBadDescriptor(Random random, int at, BufferList.Piece piece, ushort flags, ushort next, int head)
    {
        switch (random.Next(6))
        {
            case 0:
                WriteDescriptor(at, Hostile.Value(random), piece.Length, flags, next);
                break;
            case 1:
                WriteDescriptor(at, piece.Address, (uint)Hostile.Value(random), flags, next);
                break;
            case 2:
                WriteDescriptor(at, piece.Address, piece.Length, (ushort)(flags | Next), (ushort)head);
                break;
            case 3:
                WriteDescriptor(at, piece.Address, piece.Length, (ushort)(flags | Next), (ushort)Hostile.Value(random));
                break;
            case 4:
                WriteDescriptor(at, piece.Address, piece.Length, (ushort)random.Next(8), next);
                break;
            default:
                WriteDescriptor(at, piece.Address, 0, flags, next);
                break;
        }
    }

    private void WriteDescriptor(int at, ulong address, uint length, ushort flags, ushort next)
    {
        Span<byte> raw = Machine.Ram.Bytes.AsSpan(at, 16);
        BinaryPrimitives.WriteUInt64LittleEndian(raw, address);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[8..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[12..], flags);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[14..], next);
    }
}
