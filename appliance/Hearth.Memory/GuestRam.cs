using System.Runtime.CompilerServices;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Memory;

/// <summary>
/// Guest RAM: one memory file, mapped once. Below 4 GiB it ends at <see cref="LowEnd"/> at the latest; the rest lies above
/// 4 GiB. The legacy video hole (0xA0000–0xBFFFF) is not RAM.
/// </summary>
/// <remarks>
/// A machine with firmware has a ROM too, which ends at 4 GiB, and its RAM from 0xC0000 to 0xFFFFF is shadow memory: a guest reads there what
/// <see cref="ShadowMemory"/> has put there and may find it write-protected. Devices do not reach the ROM.
/// </remarks>
public sealed unsafe class GuestRam : IGuestMemory, IReclaimableMemory, IDisposable
{
    public const int PageSize = 4096;
    public const int PageShift = 12;

    /// <summary>Where RAM below 4 GiB ends at the latest; PCI and the APICs live above.</summary>
    public const ulong LowEnd = 0xC000_0000;

    /// <summary>Where the RAM begins that does not fit below <see cref="LowEnd"/>.</summary>
    public const ulong HighStart = 0x1_0000_0000;
    /// <summary>The legacy video hole.</summary>
    public const ulong HoleStart = 0xA_0000;
    /// <inheritdoc cref="HoleStart"/>
    public const ulong HoleEnd = 0xC_0000;

    /// <summary>Where memory begins that a chipset can shadow and write-protect.</summary>
    public const ulong ShadowStart = HoleEnd;
    /// <inheritdoc cref="ShadowStart"/>
    public const ulong ShadowEnd = 0x10_0000;

    /// <summary>Bytes of a piece of it that is steered by itself.</summary>
    public const int ShadowSegmentLength = 0x4000;

    /// <summary>The longest ROM, bytes: below it lie the APICs.</summary>
    public const int RomMaximum = 16 << 20;

    // PageFlags.Dirty of eight pages.
    private const ulong EveryDirty = 0x0202_0202_0202_0202;
    private const int DirtyShift = 1;

    // Bytes of the pages whose bits are in one word of a PageSet.
    private const ulong WordOfPages = 64 * PageSize;

    // No address of a guest is within a device's length of it.
    private const ulong NoPlace = 1UL << 63;

    private readonly MappedMemory _memory;
    private readonly MappedMemory _flags;
    private readonly RamWindow[] _windows;
    private readonly ulong _lowLength;
    private readonly ulong _highLength;
    private readonly ulong _romLength;
    private readonly ulong _romOffset;

    // Not by the property: an enumerator of an interface is an object, and this is asked for every access of a device.
    private readonly RamSlot[] _slots;

    // Device memory follows RAM in the file, and the ROM that, each where a word of page bits begins: TakeDirty takes whole words. Behind device memory is
    // a page that is nobody's.
    private readonly ulong _deviceOffset;
    private readonly ulong _deviceLength;
    private ulong _devicePlace = NoPlace;
    private ICodeObserver? _codeObserver;

    // A bit for each segment of shadow memory whose writes do not reach it.
    private volatile uint _protected;
    private volatile MemoryCut? _cut;
    private volatile UserFaults? _fill;

    /// <param name="length">Bytes, a multiple of 4096 and at least 1 MiB.</param>
    /// <param name="deviceLength">Bytes of <see cref="Device"/>, a power of two from 4096; 0 for none.</param>
    /// <param name="romLength">Bytes of ROM, a multiple of 4096; 0 for a machine without firmware.</param>
    /// <exception cref="LinuxException">The host has not that much memory.</exception>
    public GuestRam(ulong length, int deviceLength = 0, int romLength = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 0x10_0000UL);
        ArgumentOutOfRangeException.ThrowIfNotEqual(length % PageSize, 0UL);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)romLength, (uint)RomMaximum);
        ArgumentOutOfRangeException.ThrowIfNotEqual(romLength % PageSize, 0);
        Length = length;
        _lowLength = Math.Min(length, LowEnd);
        _highLength = length - _lowLength;
        _deviceLength = (ulong)deviceLength;
        _deviceOffset = AlignUp(length);
        _romLength = (ulong)romLength;
        _romOffset = AlignUp(_deviceOffset + _deviceLength + PageSize);
        ulong total = romLength != 0 ? _romOffset + _romLength : deviceLength != 0 ? _deviceOffset + _deviceLength : length;
        File = FileDescriptor.CreateMemory("hearth-ram", (long)total);
        _memory = MappedMemory.Shared(File, (nuint)total);
        _flags = MappedMemory.Anonymous((nuint)(((_romOffset + _romLength) / PageSize) + 1));
        if (deviceLength != 0)
            Device = new DeviceMemory(this, _memory, _deviceOffset, _flags.Address + (_deviceOffset >> PageShift), deviceLength);
        _windows = RamWindow.Over(_memory);
        _slots = _highLength == 0
            ? [new RamSlot(0, HoleStart, 0), new RamSlot(HoleEnd, _lowLength - HoleEnd, HoleEnd)]
            : [new RamSlot(0, HoleStart, 0), new RamSlot(HoleEnd, _lowLength - HoleEnd, HoleEnd), new RamSlot(HighStart, _highLength, _lowLength)];
        if (romLength == 0)
            return;
        for (ulong page = ShadowStart; page < ShadowEnd; page += PageSize)
            SetFlags(page, PageFlags.Guarded);
        for (ulong page = RomStart; page < HighStart; page += PageSize)
            SetFlags(page, PageFlags.Guarded);
    }

    /// <summary>The memory file.</summary>
    public FileDescriptor File { get; }

    /// <summary>Bytes, the hole included.</summary>
    public ulong Length { get; }

    /// <summary>Memory of a device that the guest reaches as it does RAM; null where there is none.</summary>
    public DeviceMemory? Device { get; }

    public IReadOnlyList<RamSlot> Slots => _slots;

    /// <summary>Bytes of ROM; 0 for none.</summary>
    public int RomLength => (int)_romLength;

    /// <summary>Where the ROM begins; it ends at <see cref="HighStart"/>.</summary>
    public ulong RomStart => HighStart - _romLength;

    /// <summary>A bit for each segment of shadow memory, from <see cref="ShadowStart"/> up, whose writes do not reach it.</summary>
    public uint ProtectedSegments => _protected;

    /// <summary>Told when <see cref="ProtectedSegments"/> has changed, on the thread of the vCPU that did so.</summary>
    public Action? ProtectionChanged { get; set; }

    /// <summary>Where everything lies in the host's memory, for machine code that works as <see cref="HostAddress"/> and <see cref="FlagsOf"/> do.</summary>
    public RamLayout Layout => new((nint)_memory.Address, (nint)_flags.Address, _lowLength, _highLength);

    /// <summary>Sets who is told of writes to translated code.</summary>
    public ICodeObserver? CodeObserver
    {
        get => _codeObserver;
        set => _codeObserver = value;
    }

    /// <summary>The host address of a guest-physical byte, or null when it is neither RAM nor device memory. Valid to the end of its 4 KiB page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* HostAddress(ulong physical)
    {
        if (physical < _lowLength)
            return physical - HoleStart < HoleEnd - HoleStart ? null : _memory.Address + physical;
        ulong high = physical - HighStart;
        if (high < _highLength)
            return _memory.Address + _lowLength + high;
        ulong rom = high + _romLength;
        if (rom < _romLength)
            return _memory.Address + _romOffset + rom;
        ulong device = physical - Volatile.Read(ref _devicePlace);
        return device < _deviceLength ? _memory.Address + _deviceOffset + device : null;
    }

    /// <summary>As <see cref="HostAddress"/>, for a write; null also where memory is write-protected. A <see cref="MemoryCut"/> has the page as it was.</summary>
    public byte* WritableAddress(ulong physical)
    {
        byte* host = HostAddress(physical);
        if (host is null || IsProtected(physical))
            return null;
        KeepBeforeWrite(physical);
        return host;
    }

    /// <summary>Makes what <see cref="Cut"/> needs. While the machine runs.</summary>
    /// <param name="count">Pages that may be changed before they were asked for; whoever changes one more waits.</param>
    /// <exception cref="LinuxException">The host has no memory for it.</exception>
    public CutRoom PrepareCut(int count) => new((long)(Length / PageSize), count);

    /// <summary>
    /// Remembers all of RAM as it is now, until the cut is disposed of: <paramref name="wanted"/> are the pages that will be asked for. While the machine is paused, and
    /// after every right to write past <see cref="PageFlags.Dirty"/> was taken; one cut at a time.
    /// </summary>
    /// <param name="wanted">Made by <see cref="NewPageSet"/>; belongs to the cut.</param>
    /// <param name="room">Made by <see cref="PrepareCut"/>; belongs to the cut.</param>
    public MemoryCut Cut(PageSet wanted, CutRoom room)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(room);
        ArgumentOutOfRangeException.ThrowIfNotEqual(wanted.Length, (long)(Length / PageSize));
        ArgumentOutOfRangeException.ThrowIfNotEqual(room.Pages, wanted.Length);
        if (_cut is not null)
            throw new InvalidOperationException("there is a cut already");
        var cut = new MemoryCut(this, _memory.Address, _flags.Address, wanted, room);
        _cut = cut;
        return cut;
    }

    /// <summary>To be called before a byte of RAM is written, by whoever does not write through this object: a cut may need the page as it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void KeepBeforeWrite(ulong physical)
    {
        ref byte flags = ref FlagsOf(physical);
        if ((Volatile.Read(ref flags) & (byte)(PageFlags.Wanted | PageFlags.Copying)) != 0)
            _cut?.Keep(ref flags);
    }

    internal void EndCut() => _cut = null;

    /// <summary>
    /// From now on a page that is not there comes when it is touched, from whoever serves the faults, until <see cref="EndFill"/>. Before anything was written. Whoever serves them
    /// must not wait for this process: a thread that waits for a page cannot be stopped by its runtime.
    /// </summary>
    /// <returns>The address of the first byte of RAM, as the faults will name it.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public ulong BeginFill(UserFaults faults)
    {
        ArgumentNullException.ThrowIfNull(faults);
        faults.Register(_memory, 0, (nuint)Length);
        _fill = faults;
        return (ulong)_memory.Address;
    }

    /// <summary>Every page that is to come is there.</summary>
    public void EndFill()
    {
        if (_fill is not { } faults)
            return;
        faults.Unregister(_memory, 0, (nuint)Length);
        _fill = null;
    }

    /// <summary>True while there are pages that come when they are touched, and who touches one waits for it.</summary>
    public bool IsFilling => _fill is not null;

    /// <summary>To be called before another process gets a page of the memory file: nobody would notice that it is not there yet.</summary>
    /// <param name="host">Of this memory.</param>
    public void EnsureThere(byte* host)
    {
        if (_fill is not null)
            _ = Touch(host);
    }

    /// <summary>True for device memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsDevice(ulong physical) => physical - Volatile.Read(ref _devicePlace) < _deviceLength;

    /// <summary>True when writes to a guest-physical byte of RAM or ROM do not reach it.</summary>
    public bool IsProtected(ulong physical)
    {
        if ((FlagsOf(physical) & (byte)PageFlags.Guarded) == 0)
            return false;
        ulong offset = physical - ShadowStart;
        return offset >= ShadowEnd - ShadowStart || ((_protected >> (int)(offset / ShadowSegmentLength)) & 1) != 0;
    }

    /// <summary>Where a guest-physical byte of RAM or ROM lies in <see cref="File"/>.</summary>
    public ulong FileOffset(ulong physical) =>
        physical < _lowLength ? physical : physical >= HighStart ? physical - HighStart + _lowLength : physical - RomStart + _romOffset;

    /// <summary>
    /// The flags byte of the page that holds a guest-physical byte of RAM, ROM or device memory; one that is nobody's for what has just been
    /// device memory.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte FlagsOf(ulong physical)
    {
        if (physical < _lowLength)
            return ref _flags.Address[physical >> PageShift];
        ulong high = physical - HighStart;
        if (high < _highLength)
            return ref _flags.Address[(high + _lowLength) >> PageShift];
        ulong rom = high + _romLength;
        if (rom < _romLength)
            return ref _flags.Address[(_romOffset + rom) >> PageShift];
        ulong device = Math.Min(physical - Volatile.Read(ref _devicePlace), _deviceLength);
        return ref _flags.Address[(_deviceOffset + device) >> PageShift];
    }

    /// <summary>Adds flags to a page.</summary>
    /// <returns>The flags it had.</returns>
    public PageFlags SetFlags(ulong physical, PageFlags flags) => Change(ref FlagsOf(physical), flags, PageFlags.None);

    /// <summary>Takes flags from a page.</summary>
    public void ClearFlags(ulong physical, PageFlags flags) => Change(ref FlagsOf(physical), PageFlags.None, flags);

    public bool Contains(GuestAddress start, ulong length)
    {
        ulong from = start.Value;
        if (length == 0)
            return HostAddress(from) is not null;
        foreach (RamSlot slot in _slots)
        {
            if (from - slot.Start < slot.Length)
                return length <= slot.Length - (from - slot.Start);
        }

        return false;
    }

    public bool IsWritable(GuestAddress start, ulong length) => Contains(start, length) && !HasProtected(start.Value, length);

    public bool TryRead(GuestAddress from, Span<byte> to)
    {
        if (!Contains(from, (ulong)to.Length))
            return false;

        // SAFETY: the whole range lies in one slot, and a slot is contiguous in the mapping.
        fixed (byte* host = to)
            Copy(HostAddress(from.Value), host, to.Length);
        return true;
    }

    public bool TryWrite(GuestAddress to, ReadOnlySpan<byte> from)
    {
        if (!IsWritable(to, (ulong)from.Length))
            return false;
        KeepBeforeWrite(to.Value, (ulong)from.Length);

        // SAFETY: as in TryRead.
        fixed (byte* host = from)
            Copy(host, HostAddress(to.Value), from.Length);
        NoteWrite(to.Value, from.Length);
        return true;
    }

    public bool TryMap(GuestAddress start, int length, out Memory<byte> memory)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, RamWindow.Distance);
        memory = default;
        if (!Contains(start, (ulong)length))
            return false;
        KeepBeforeWrite(start.Value, (ulong)length);
        (ulong window, ulong offset) = Math.DivRem(FileOffset(start.Value), (ulong)RamWindow.Distance);
        memory = _windows[window].Memory.Slice((int)offset, length);
        return true;
    }

    public void NoteWrite(GuestAddress start, int length) => NoteWrite(start.Value, length);

    /// <summary>As <see cref="TryRead"/>, for a save: pages that are not there, and do not come from somewhere else, read as zeros, and are still not there afterwards.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public bool TryReadStored(GuestAddress from, Span<byte> to)
    {
        if (_fill is not null)
            return TryRead(from, to);
        if (!Contains(from, (ulong)to.Length))
            return false;
        File.ReadAt(to, (long)FileOffset(from.Value));
        return true;
    }

    public bool TryGiveBack(GuestAddress start, ulong length)
    {
        bool isWhole = ((start.Value | length) & (PageSize - 1)) == 0 && length != 0;
        if (!isWhole || !IsWritable(start, length) || _fill is not null)
            return false;
        KeepBeforeWrite(start.Value, length);
        if (!File.TryPunchHole((long)FileOffset(start.Value), (long)length))
            return false;

        // After the write, as every writer does: the bytes are zeros for whoever reads them now.
        for (ulong done = 0; done < length; done += RamWindow.Distance)
            NoteWrite(start.Value + done, (int)Math.Min(length - done, RamWindow.Distance));
        return true;
    }

    /// <summary>Marks the pages of a range of RAM as dirty and tells the observer where code lies. Called after the write.</summary>
    /// <remarks>
    /// The translator sets <see cref="PageFlags.Code"/> before it reads the bytes, the writer looks at the flags after it has
    /// written: whatever the order, either the translator sees the new bytes or the observer is told. The fence keeps the
    /// write from passing the look.
    /// </remarks>
    public void NoteWrite(ulong physical, int length)
    {
        Interlocked.MemoryBarrier();
        while (length > 0)
        {
            int part = Math.Min(length, PageSize - (int)(physical & (PageSize - 1)));
            ref byte flags = ref FlagsOf(physical);
            if ((flags & (byte)PageFlags.Dirty) == 0)
                Change(ref flags, PageFlags.Dirty, PageFlags.None);
            if ((flags & (byte)PageFlags.Code) != 0)
                _codeObserver?.CodeWritten(physical, part);
            physical += (ulong)part;
            length -= part;
        }
    }

    /// <summary>Fills the ROM. While no vCPU runs.</summary>
    /// <param name="rom">As long as the ROM is.</param>
    internal void WriteRom(ReadOnlySpan<byte> rom)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rom.Length, RomLength);
        if (rom.IsEmpty)
            return;
        rom.CopyTo(Rom());
        NoteWrite(RomStart, rom.Length);
    }

    // SAFETY: the ROM lies in the mapping from this offset on.
    internal ReadOnlySpan<byte> ReadRom() => Rom();

    private Span<byte> Rom() => new(_memory.Address + _romOffset, RomLength);

    /// <summary>What a guest reads in a segment of shadow memory now.</summary>
    internal void ReadSegment(int segment, Span<byte> to) => Segment(segment).CopyTo(to);

    /// <summary>Puts what a guest reads there from now on, protected or not.</summary>
    internal void WriteSegment(int segment, ReadOnlySpan<byte> from)
    {
        KeepBeforeWrite(ShadowStart + ((ulong)segment * ShadowSegmentLength), ShadowSegmentLength);
        from.CopyTo(Segment(segment));
        NoteWrite(ShadowStart + ((ulong)segment * ShadowSegmentLength), ShadowSegmentLength);
    }

    internal void Protect(uint segments)
    {
        if (_protected == segments)
            return;
        _protected = segments;
        ProtectionChanged?.Invoke();
    }

    // SAFETY: every RAM reaches up to ShadowEnd.
    private Span<byte> Segment(int segment) => new(_memory.Address + ShadowStart + ((ulong)segment * ShadowSegmentLength), ShadowSegmentLength);

    /// <summary>The same for a range that lies in one slot.</summary>
    private void KeepBeforeWrite(ulong start, ulong length)
    {
        if (_cut is null)
            return;
        for (ulong page = start & ~(PageSize - 1UL); page < start + length; page += PageSize)
            KeepBeforeWrite(page);
    }

    private bool HasProtected(ulong start, ulong length)
    {
        if (_protected == 0 || start >= ShadowEnd || start + length <= ShadowStart || length == 0)
            return false;
        ulong first = (Math.Max(start, ShadowStart) - ShadowStart) / ShadowSegmentLength;
        ulong last = (Math.Min(start + length, ShadowEnd) - 1 - ShadowStart) / ShadowSegmentLength;
        uint touched = (uint)((2UL << (int)last) - (1UL << (int)first));
        return (_protected & touched) != 0;
    }

    /// <summary>A set for the pages of this RAM, empty.</summary>
    public PageSet NewPageSet() => new((long)(Length / PageSize));

    /// <summary>Takes <see cref="PageFlags.Dirty"/> from every page and adds those that had it to a set.</summary>
    /// <remarks>
    /// A writer that found the flag set has written before it was taken: its bytes are there for whoever reads now. Any other one sets it again.
    /// Who lets code write past the flag (soft TLBs) must take that right away before the bytes are read.
    /// </remarks>
    /// <param name="into">Made by <see cref="NewPageSet"/>.</param>
    public void TakeDirty(PageSet into)
    {
        ArgumentNullException.ThrowIfNull(into);
        ArgumentOutOfRangeException.ThrowIfNotEqual(into.Length, (long)(Length / PageSize));

        // SAFETY: the flags take whole pages of the host's memory, so that those of the last word's pages are there, too.
        ulong* flags = (ulong*)_flags.Address;
        foreach (ref ulong word in into.Words)
        {
            for (int shift = 0; shift < 64; shift += sizeof(ulong), flags++)
            {
                if ((Volatile.Read(ref *flags) & EveryDirty) != 0)
                    word |= Gather(Interlocked.And(ref *flags, ~EveryDirty)) << shift;
            }
        }
    }

    private static ulong AlignUp(ulong offset) => (offset + WordOfPages - 1) & ~(WordOfPages - 1);

    /// <summary>Brings the flag of eight pages together: byte n becomes bit n.</summary>
    private static ulong Gather(ulong flags)
    {
        const ulong LowBits = 0x0101_0101_0101_0101;
        const ulong ByteToBit = 0x0102_0408_1020_4080;
        return (((flags >> DirtyShift) & LowBits) * ByteToBit) >> 56;
    }

    // Span.CopyTo moves two bytes as a byte and then a word: a vCPU could see a ring index that was never written.
    private static void Copy(byte* from, byte* to, int length)
    {
        switch (length)
        {
            case sizeof(ushort):
                *(ushort*)to = *(ushort*)from;
                break;
            case sizeof(uint):
                *(uint*)to = *(uint*)from;
                break;
            case sizeof(ulong):
                *(ulong*)to = *(ulong*)from;
                break;
            default:
                Buffer.MemoryCopy(from, to, length, length);
                break;
        }
    }

    internal static PageFlags Change(ref byte flags, PageFlags set, PageFlags clear)
    {
        byte seen = flags;
        while (true)
        {
            byte found = Interlocked.CompareExchange(ref flags, (byte)((seen | (byte)set) & ~(byte)clear), seen);
            if (found == seen)
                return (PageFlags)found;
            seen = found;
        }
    }

    /// <summary>Where the guest finds <see cref="Device"/>; null for nowhere.</summary>
    internal void SetDevicePlace(ulong? address) => Volatile.Write(ref _devicePlace, address ?? NoPlace);

    public void Dispose()
    {
        _memory.Dispose();
        _flags.Dispose();
        File.Dispose();
    }

    /// <summary>
    /// A function of its own: where a compiler sees that nobody wants the byte, and that the address is not null, it leaves the reading out, though it is volatile (seen of .NET 10's,
    /// at run time and ahead of it).
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static byte Touch(byte* host) => Volatile.Read(ref *host);
}
