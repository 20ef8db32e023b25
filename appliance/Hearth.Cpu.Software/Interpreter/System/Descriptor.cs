namespace Hearth.Cpu.Software;

/// <summary>A segment descriptor or gate as it stands in a descriptor table (Intel SDM Vol. 3, sections 3.4.5, 3.5 and 5.8.3).</summary>
internal readonly struct Descriptor
{
    public const int Tss16 = 1;
    public const int Ldt = 2;
    public const int Tss16Busy = 3;
    public const int CallGate16 = 4;
    public const int TaskGate = 5;
    public const int InterruptGate16 = 6;
    public const int TrapGate16 = 7;

    /// <summary>The 64-bit TSS in long mode.</summary>
    public const int Tss32 = 9;
    public const int Tss32Busy = 11;

    /// <summary>The 64-bit call gate in long mode.</summary>
    public const int CallGate32 = 12;
    public const int InterruptGate32 = 14;
    public const int TrapGate32 = 15;

    /// <summary>The bit of the type that tells a busy TSS.</summary>
    public const int BusyBit = 2;

    private readonly ulong _raw;

    public Descriptor(ulong raw) => _raw = raw;

    /// <summary>In the form of <see cref="SegmentRegister.Attributes"/>.</summary>
    public ushort Attributes => (ushort)(((_raw >> 40) & 0xFF) | ((_raw >> 44) & 0xF00));

    /// <summary>Bits 0–31 of the base.</summary>
    public uint Base => (uint)((_raw >> 16) & 0xFF_FFFF) | ((uint)(_raw >> 56) << 24);

    /// <summary>The highest offset, granularity applied.</summary>
    public uint Limit
    {
        get
        {
            uint limit = (uint)(_raw & 0xFFFF) | ((uint)(_raw >> 32) & 0xF_0000);
            return (Attributes & SegmentAttribute.Granular) != 0 ? (limit << 12) | 0xFFF : limit;
        }
    }

    public int Type => (int)(_raw >> 40) & 15;

    public int Dpl => (int)(_raw >> 45) & 3;

    public bool IsPresent => Has(SegmentAttribute.Present);

    public bool IsCodeOrData => Has(SegmentAttribute.CodeOrData);

    public bool IsCode => IsCodeOrData && Has(SegmentAttribute.Code);

    public bool IsData => IsCodeOrData && !Has(SegmentAttribute.Code);

    public bool IsConforming => IsCode && Has(SegmentAttribute.DownOrConforming);

    public bool IsWritableData => IsData && Has(SegmentAttribute.ReadWrite);

    /// <summary>Data, or code that may be read.</summary>
    public bool IsReadable => IsData || (IsCode && Has(SegmentAttribute.ReadWrite));

    public bool IsLong => Has(SegmentAttribute.Long);

    public bool IsBig => Has(SegmentAttribute.Big);

    /// <summary>The type when this is a system descriptor, else -1.</summary>
    public int SystemType => IsCodeOrData ? -1 : Type;

    /// <summary>What LAR returns: the second doubleword under the mask 0x00FFFF00.</summary>
    public uint AccessRights => (uint)(_raw >> 32) & 0xFF_FF00;

    public ushort GateSelector => (ushort)(_raw >> 16);

    /// <summary>Bits 0–31 of the entry point; a 16-bit gate has 16.</summary>
    public uint GateOffset => (uint)(_raw & 0xFFFF) | (Type >= Tss32 ? (uint)(_raw >> 32) & 0xFFFF_0000 : 0);

    /// <summary>The number of stack words a call gate copies.</summary>
    public int GateParameters => (int)(_raw >> 32) & 31;

    /// <summary>The interrupt stack table entry of a 64-bit gate; 0 for none.</summary>
    public int GateStack => (int)(_raw >> 32) & 7;

    /// <summary>What a segment register holds after this descriptor was loaded.</summary>
    public SegmentRegister ToSegment(int selector) =>
        new((ushort)selector, Base, Limit, (ushort)(Attributes | (IsCodeOrData ? SegmentAttribute.Accessed : 0)));

    private bool Has(int attribute) => (Attributes & attribute) != 0;
}
