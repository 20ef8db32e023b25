namespace Hearth.Cpu.Software;

/// <summary>The bits of <see cref="SegmentRegister.Attributes"/> and of a descriptor's type (Intel SDM Vol. 3, sections 3.4.5 and 3.5).</summary>
internal static class SegmentAttribute
{
    public const ushort TypeMask = 0xF;
    public const ushort Accessed = 1 << 0;

    /// <summary>W of a data segment, R of a code segment.</summary>
    public const ushort ReadWrite = 1 << 1;

    /// <summary>E of a data segment, C of a code segment.</summary>
    public const ushort DownOrConforming = 1 << 2;
    public const ushort Code = 1 << 3;

    /// <summary>S: code or data, not a system descriptor.</summary>
    public const ushort CodeOrData = 1 << 4;
    public const ushort DplShift = 5;
    public const ushort DplMask = 3 << DplShift;
    public const ushort Present = 1 << 7;

    /// <summary>L: 64-bit code.</summary>
    public const ushort Long = 1 << 9;

    /// <summary>D/B: 32-bit operands, stack pointer, or upper bound of an expand-down segment.</summary>
    public const ushort Big = 1 << 10;
    public const ushort Granular = 1 << 11;
    public const ushort Unusable = 1 << 12;

    /// <summary>A read-write data segment, present, accessed: what real mode gives every segment.</summary>
    public const ushort RealMode = Present | CodeOrData | ReadWrite | Accessed;

    /// <summary>Type and S without the accessed bit: an expand-up data segment that may be written.</summary>
    public const ushort PlainData = CodeOrData | ReadWrite;

    public static int Dpl(ushort attributes) => (attributes >> DplShift) & 3;
}
