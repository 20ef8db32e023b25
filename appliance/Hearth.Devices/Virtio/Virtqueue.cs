using System.Buffers.Binary;
using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Virtio;

/// <summary>
/// The device's side of a split virtqueue (virtio 1.2, section 2.7). Not synchronized: the device's lock is held in every
/// call. Trusts nothing in guest memory, holds no reference into it, and never allocates.
/// </summary>
/// <remarks>
/// <code>
///          enable (rings inside RAM)              fault (DEVICE_NEEDS_RESET)
/// idle ─────────────────────────────► enabled ─────────────────────────────► faulty
///  ▲  ◄── queue reset, when nothing is in flight ──┘                           │
///  └────────────────────────────── device reset ──────────────────────────────┘
/// </code>
/// A device takes a buffer with <see cref="TryPop"/>, hands it back with <see cref="Stage"/> and <see cref="Publish"/>, and
/// signals the driver if <see cref="TakeSignal"/> says that it wants to know.
/// </remarks>
public sealed class Virtqueue
{
    /// <summary>The MSI-X vector that means none (virtio 1.2, section 4.1.4.3).</summary>
    public const ushort NoVector = 0xFFFF;

    private const int AvailableIndexOffset = 2;
    private const int RingOffset = 4;
    private const int UsedElementLength = 8;
    private const ushort NoInterrupt = 1;
    private const ushort NoNotify = 1;

    private readonly IGuestMemory _ram;
    private ushort _nextAvailable;
    private ushort _used;
    private ushort _signalledUsed;
    private ushort _staged;

    internal Virtqueue(int index, ushort maximumSize, IGuestMemory ram)
    {
        Index = index;
        MaximumSize = maximumSize;
        Size = maximumSize;
        _ram = ram;
    }

    public int Index { get; }

    public ushort MaximumSize { get; }

    /// <summary>Entries, a power of two.</summary>
    public ushort Size { get; private set; }

    /// <summary>Guest address of the descriptor table.</summary>
    public ulong Descriptors { get; internal set; }

    /// <summary>Guest address of the available ring.</summary>
    public ulong DriverArea { get; internal set; }

    /// <summary>Guest address of the used ring.</summary>
    public ulong DeviceArea { get; internal set; }

    public bool IsEnabled { get; private set; }

    /// <summary>The MSI-X vector of its used-buffer notifications.</summary>
    public ushort Vector { get; internal set; } = NoVector;

    /// <summary>Buffers that a backend works on and that are not used yet.</summary>
    public int InFlight { get; internal set; }

    /// <summary>What the guest did wrong, as a constant sentence.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>A number that belongs to <see cref="Fault"/>.</summary>
    public ulong FaultValue { get; private set; }

    /// <summary>A queue reset waits for what is in flight.</summary>
    internal bool IsResetPending { get; set; }

    internal bool UsesEventIndex { get; set; }

    internal bool AllowsIndirect { get; set; }

    /// <summary>Takes the next buffer the driver made available.</summary>
    public PopResult TryPop(DescriptorChain chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        if (!IsEnabled)
            return PopResult.Empty;
        if (!TryReadUInt16(DriverArea + AvailableIndexOffset, out ushort available))
            return Break("the available ring is not in memory", DriverArea);
        ushort waiting = (ushort)(available - _nextAvailable);
        if (waiting == 0)
            return PopResult.Empty;
        if (waiting > Size)
            return Break("the available index runs ahead of the queue", available);

        // The driver writes the ring before the index; we read in the opposite order.
        Volatile.ReadBarrier();
        ulong slot = DriverArea + RingOffset + (sizeof(ushort) * (ulong)(_nextAvailable & (Size - 1)));
        if (!TryReadUInt16(slot, out ushort head))
            return Break("the available ring is not in memory", DriverArea);
        if (chain.Load(new DescriptorChain.RingTable(Descriptors, Size, AllowsIndirect), head) is { } fault)
            return Break(fault, head);
        _nextAvailable++;
        return PopResult.Popped;
    }

    /// <summary>Puts the last <paramref name="count"/> buffers back, as if they had not been taken.</summary>
    public void Unpop(int count)
    {
        _nextAvailable -= (ushort)count;
        _staged = 0;
    }

    /// <summary>Writes a used element that the driver does not see before <see cref="Publish"/>.</summary>
    /// <param name="written">Bytes written to the buffer from its start.</param>
    public void Stage(ushort head, uint written)
    {
        Span<byte> element = stackalloc byte[UsedElementLength];
        BinaryPrimitives.WriteUInt32LittleEndian(element, head);
        BinaryPrimitives.WriteUInt32LittleEndian(element[4..], written);
        ushort index = (ushort)((_used + _staged++) & (Size - 1));
        _ram.TryWrite(new GuestAddress(DeviceArea + RingOffset + (UsedElementLength * (ulong)index)), element);
    }

    /// <summary>Shows the driver every staged element at once.</summary>
    public void Publish()
    {
        _used += _staged;
        _staged = 0;
        Volatile.WriteBarrier();
        WriteUInt16(DeviceArea + AvailableIndexOffset, _used);
    }

    /// <summary>Hands one buffer back.</summary>
    public void Push(ushort head, uint written)
    {
        Stage(head, written);
        Publish();
    }

    /// <summary>Whether the driver wants to hear of what was published since the last call (section 2.7.7.2).</summary>
    public bool TakeSignal()
    {
        // The index must be visible before we look at what the driver wants, or both could go to sleep.
        Interlocked.MemoryBarrier();
        ushort published = (ushort)(_used - _signalledUsed);
        _signalledUsed = _used;
        if (published == 0)
            return false;
        if (!UsesEventIndex)
            return !TryReadUInt16(DriverArea, out ushort flags) || (flags & NoInterrupt) == 0;
        ulong usedEvent = DriverArea + RingOffset + (sizeof(ushort) * (ulong)Size);
        return !TryReadUInt16(usedEvent, out ushort wanted) || (ushort)(_used - wanted - 1) < published;
    }

    /// <summary>Asks the driver to notify of the next buffer (section 2.7.10).</summary>
    /// <param name="known">Buffers that are available, that the device has seen, and that are not enough for it.</param>
    /// <returns>True when buffers arrived meanwhile: the device must look again.</returns>
    public bool EnableNotifications(int known = 0)
    {
        if (!IsEnabled)
            return false;
        ushort next = (ushort)(_nextAvailable + known);
        if (UsesEventIndex)
            WriteUInt16(DeviceArea + RingOffset + (UsedElementLength * (ulong)Size), next);
        else
            WriteUInt16(DeviceArea, 0);
        Interlocked.MemoryBarrier();
        return TryReadUInt16(DriverArea + AvailableIndexOffset, out ushort available) && available != next;
    }

    /// <summary>
    /// Tells the driver that notifications are of no use now. With event indices there is nothing to do: the driver
    /// notifies only when it passes the index that <see cref="EnableNotifications"/> left.
    /// </summary>
    public void DisableNotifications()
    {
        if (IsEnabled && !UsesEventIndex)
            WriteUInt16(DeviceArea, NoNotify);
    }

    /// <returns>False when the size is none: zero, no power of two or above the maximum.</returns>
    internal bool TrySetSize(ushort size)
    {
        if (size > MaximumSize || !BitOperations.IsPow2(size))
            return false;
        Size = size;
        return true;
    }

    /// <returns>False when the rings are not aligned, not inside RAM, or one on top of the other.</returns>
    internal bool TryEnable()
    {
        var driver = new AddressRange(DriverArea, RingOffset + (sizeof(ushort) * (Size + 1UL)));
        var device = new AddressRange(DeviceArea, RingOffset + (UsedElementLength * (ulong)Size) + sizeof(ushort));
        IsEnabled = Descriptors % 16 == 0 && DriverArea % 2 == 0 && DeviceArea % 4 == 0
            && _ram.Contains(new GuestAddress(Descriptors), 16UL * Size)
            && _ram.Contains(new GuestAddress(driver.Start), driver.Length)
            && _ram.Contains(new GuestAddress(device.Start), device.Length)

            // Each buffer that is used would make another one available: the device would never come to an end.
            && !driver.Overlaps(device);
        return IsEnabled;
    }

    /// <summary>To the state before it was configured; its vector stays.</summary>
    internal void Reset()
    {
        Size = MaximumSize;
        Descriptors = 0;
        DriverArea = 0;
        DeviceArea = 0;
        IsEnabled = false;
        IsResetPending = false;
        _nextAvailable = 0;
        _used = 0;
        _signalledUsed = 0;
        _staged = 0;
    }

    internal void Save(IStateWriter to)
    {
        to.WriteUInt16(Size);
        to.WriteUInt64(Descriptors);
        to.WriteUInt64(DriverArea);
        to.WriteUInt64(DeviceArea);
        to.WriteBoolean(IsEnabled);
        to.WriteUInt16(Vector);
        to.WriteUInt16(_nextAvailable);
        to.WriteUInt16(_used);
        to.WriteUInt16(_signalledUsed);
    }

    internal void Restore(IStateReader from)
    {
        Reset();
        ushort size = from.ReadUInt16();
        Descriptors = from.ReadUInt64();
        DriverArea = from.ReadUInt64();
        DeviceArea = from.ReadUInt64();
        bool enabled = from.ReadBoolean();
        Vector = from.ReadUInt16();
        _nextAvailable = from.ReadUInt16();
        _used = from.ReadUInt16();
        _signalledUsed = from.ReadUInt16();
        if (!TrySetSize(size) || (enabled && !TryEnable()))
            throw new SavedStateException($"The saved state of virtqueue {Index} is damaged: its rings cannot be where it says.");
    }

    private PopResult Break(string fault, ulong value)
    {
        Fault = fault;
        FaultValue = value;
        return PopResult.Broken;
    }

    private bool TryReadUInt16(ulong address, out ushort value)
    {
        Span<byte> raw = stackalloc byte[sizeof(ushort)];
        bool read = _ram.TryRead(new GuestAddress(address), raw);
        value = read ? BinaryPrimitives.ReadUInt16LittleEndian(raw) : (ushort)0;
        return read;
    }

    private void WriteUInt16(ulong address, ushort value)
    {
        Span<byte> raw = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(raw, value);
        _ram.TryWrite(new GuestAddress(address), raw);
    }
}
