namespace Hearth.Cpu;

/// <summary>The segment registers in the order of their encoding; LDTR and TR follow.</summary>
public enum SegmentName
{
    ES,
    CS,
    SS,
    DS,
    FS,
    GS,
    Ldtr,
    Tr,
}
