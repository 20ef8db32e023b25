namespace Hearth.Cpu.Software;

/// <summary>What the slow path is told of an access: 32 bits in the code, at <see cref="CodeStubs.DetailOffset"/> from where it goes on.</summary>
/// <remarks>
/// Bits 0–12 the instruction's offset in its page, 13–19 the size in bytes, 20 write, 21 the old bytes are needed, 22 LOCK (XCHG has it unsaid),
/// 23 the address is an offset into its segment and must be checked (otherwise it is linear), 24–26 the segment,
/// 27 the operand must be aligned to its size, 28 the instruction waits for the x87 unit,
/// 29 it may turn out to store nothing.
/// </remarks>
internal readonly record struct AccessDetail(uint Value)
{
    public const uint WriteBit = 1 << 20;
    public const int SizeShift = 13;
    private const uint ReadBit = 1 << 21;
    private const uint LockBit = 1 << 22;
    public const uint CheckedBit = 1 << 23;
    public const uint AlignedBit = 1 << 27;
    private const uint WaitingBit = 1 << 28;
    private const uint MaybeBit = 1 << 29;

    public AccessDetail(int offset, int size, bool read, bool write, bool locked)
        : this((uint)offset | ((uint)size << SizeShift) | (write ? WriteBit : 0) | (read ? ReadBit : 0) | (locked ? LockBit : 0))
    {
    }

    public int Offset => (int)(Value & 0x1FFF);

    public int Size => (int)(Value >> SizeShift) & 0x7F;

    public bool IsWrite => (Value & WriteBit) != 0;

    public bool NeedsOldBytes => (Value & (WriteBit | ReadBit)) != WriteBit;

    public bool IsLocked => (Value & LockBit) != 0;

    public bool IsChecked => (Value & CheckedBit) != 0;

    /// <summary>A misaligned address is #GP, whatever the page tables say.</summary>
    public bool MustBeAligned => (Value & AlignedBit) != 0;

    /// <summary>A store that an exception can keep from happening: memory must then be as it was.</summary>
    public bool MayStoreNothing => (Value & MaybeBit) != 0;

    /// <summary>An exception that is pending in the x87 unit comes before any of the access.</summary>
    public bool WaitsForX87 => (Value & WaitingBit) != 0;

    public SegmentName Segment => (SegmentName)((Value >> 24) & 7);

    public AccessDetail InSegment(SegmentName segment) => new(Value | ((uint)segment << 24));

    public AccessDetail Aligned() => new(Value | AlignedBit);

    public AccessDetail WaitingForX87() => new(Value | WaitingBit);

    public AccessDetail StoringMaybe() => new(Value | MaybeBit);

    public AccessDetail Checked() => new(Value | CheckedBit);
}
