using Hearth.Linux;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Kvm;

/// <summary>Guest RAM, shadow memory, ROM and device memory as slots of KVM, and their dirty logs.</summary>
/// <remarks>
/// The pieces of shadow memory that a 440FX protects by themselves are slots of their own. KVM does not let a slot become read-only: it is taken away and
/// comes back. A vCPU that runs there in between finds no memory; firmware changes the protection while all but its own processor wait.
/// </remarks>
internal sealed unsafe class KvmMemoryMap : IDeviceMemoryUser
{
    private const int WordBits = 64;
    private const int SmallSegments = 12;
    private const uint BiosSegments = 0xF000;

    // Held while slots are changed and logs are read. Lock order: shadow memory, this.
    private readonly Lock _lock = new();
    private readonly KvmMachine _machine;
    private readonly GuestRam _ram;
    private readonly List<KvmMemorySlot> _slots = [];
    private readonly PageSet _log;

    // Device memory is the last slot; its log is kept whether RAM's are or not.
    private readonly PageSet? _deviceLog;
    private bool _isDeviceMapped;
    private uint _protected;
    private bool _logsWrites;

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public KvmMemoryMap(KvmMachine machine, GuestRam ram)
    {
        _machine = machine;
        _ram = ram;
        _log = ram.NewPageSet();
        foreach (RamSlot slot in ram.Slots)
            Add(slot);
        if (ram.RomLength > 0)
            _slots.Add(new KvmMemorySlot(ram.RomStart, (ulong)ram.RomLength, -1, 0));
        _protected = ram.ProtectedSegments;
        MapAllLocked();
        if (ram.RomLength > 0)
            ram.ProtectionChanged = FollowProtection;
        if (ram.Device is { } device)
            (device.User, _deviceLog) = (this, device.NewPageSet());
    }

    public GuestRam Ram => _ram;

    private int DeviceSlot => _slots.Count;

    /// <summary>The dirty logs are kept; each time that this is set they begin without a page.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public bool LogsWrites
    {
        set
        {
            lock (_lock)
            {
                _logsWrites = value;
                MapAllLocked();
            }
        }
    }

    /// <summary>Takes the pages that vCPUs have written from the logs and adds them to a set.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void CollectWritten(PageSet into)
    {
        lock (_lock)
        {
            for (int number = 0; number < _slots.Count; number++)
            {
                if (!_slots[number].IsRom)
                    CollectLocked(number, into.Words);
            }
        }
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    void IDeviceMemoryUser.DeviceMemoryPlaced()
    {
        DeviceMemory device = _ram.Device!;
        lock (_lock)
        {
            if (_isDeviceMapped)
                _machine.SetMemory(DeviceSlot, 0, device.HostAddress, 0);
            _isDeviceMapped = false;
            if (device.Address is not { } address)
                return;
            _machine.SetMemory(DeviceSlot, address, device.HostAddress, (ulong)device.Length, logsWrites: true);
            _isDeviceMapped = true;
        }
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    void IDeviceMemoryUser.TakeDeviceWrites(PageSet into)
    {
        lock (_lock)
        {
            if (_isDeviceMapped)
                KvmDirtyTracker.Collect(_machine, DeviceSlot, into.Length, _deviceLog!.Words, into.Words);
        }
    }

    private void Add(RamSlot slot)
    {
        long page = (long)(slot.Offset / PageSet.PageSize);
        if (_ram.RomLength == 0 || slot.Start != GuestRam.ShadowStart)
        {
            _slots.Add(new KvmMemorySlot(slot.Start, slot.Length, page, 0));
            return;
        }

        const ulong SegmentLength = GuestRam.ShadowSegmentLength;
        const long SegmentPages = GuestRam.ShadowSegmentLength / PageSet.PageSize;
        for (int segment = 0; segment < SmallSegments; segment++)
            _slots.Add(new KvmMemorySlot(slot.Start + ((ulong)segment * SegmentLength), SegmentLength, page + (segment * SegmentPages), 1U << segment));
        ulong bios = slot.Start + (SmallSegments * SegmentLength);
        _slots.Add(new KvmMemorySlot(bios, GuestRam.ShadowEnd - bios, page + (SmallSegments * SegmentPages), BiosSegments));
        ulong shadow = GuestRam.ShadowEnd - slot.Start;
        if (slot.Length > shadow)
            _slots.Add(new KvmMemorySlot(GuestRam.ShadowEnd, slot.Length - shadow, page + (long)(shadow / PageSet.PageSize), 0));
    }

    private void MapAllLocked()
    {
        for (int number = 0; number < _slots.Count; number++)
            MapLocked(number);
    }

    private void MapLocked(int number)
    {
        KvmMemorySlot slot = _slots[number];
        _machine.SetMemory(number, slot.Start, _ram.HostAddress(slot.Start), slot.Length, _logsWrites && !slot.IsRom, slot.IsRom || IsProtected(slot));
    }

    private bool IsProtected(KvmMemorySlot slot) => (slot.Segments & _protected) != 0;

    /// <summary>Called by the vCPU that has changed what a guest may write.</summary>
    private void FollowProtection()
    {
        lock (_lock)
        {
            uint changed = _protected ^ _ram.ProtectedSegments;
            _protected = _ram.ProtectedSegments;
            for (int number = 0; number < _slots.Count; number++)
            {
                KvmMemorySlot slot = _slots[number];
                if ((slot.Segments & changed) == 0)
                    continue;

                // What its log has noted goes with it.
                for (ulong page = 0; _logsWrites && page < slot.Length; page += PageSet.PageSize)
                    _ram.SetFlags(slot.Start + page, PageFlags.Dirty);
                _machine.SetMemory(number, slot.Start, _ram.HostAddress(slot.Start), 0);
                MapLocked(number);
            }
        }
    }

    private void CollectLocked(int number, Span<ulong> into)
    {
        KvmMemorySlot slot = _slots[number];
        long pages = (long)(slot.Length / PageSet.PageSize);
        if (slot.Segments != 0)
        {
            CollectSegmentsLocked(number, pages, slot.FirstPage, into);
            return;
        }

        int first = (int)(slot.FirstPage / WordBits);
        int words = (int)((pages + WordBits - 1) / WordBits);
        KvmDirtyTracker.Collect(_machine, number, pages, _log.Words.Slice(first, words), into.Slice(first, words));
    }

    /// <summary>A slot of shadow memory is a part of one word of a page set.</summary>
    private void CollectSegmentsLocked(int number, long pages, long firstPage, Span<ulong> into)
    {
        // SAFETY: the slot has fewer pages than a word has bits.
        ulong bits = 0;
        _machine.ReadDirtyLog(number, &bits);
        if (bits == 0)
            return;
        into[(int)(firstPage / WordBits)] |= bits << (int)(firstPage % WordBits);
        _machine.ClearDirtyLog(number, 0, (uint)pages, &bits);
    }
}
