using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>A page in the soft TLB; half a cache line, so that an access needs one.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct TlbEntry
{
    public const int Size = 1 << SizeShift;
    public const int SizeShift = 5;
    public const int ReadTagOffset = 0;
    public const int WriteTagOffset = 8;
    public const int AddendOffset = 16;
    public const int InfoOffset = 24;

    /// <summary>Minus the address of the page.</summary>
    [FieldOffset(ReadTagOffset)] public ulong ReadTag;

    /// <summary>As <see cref="ReadTag"/> when writes need nobody's notice.</summary>
    [FieldOffset(WriteTagOffset)] public ulong WriteTag;

    /// <summary>Host address minus linear address.</summary>
    [FieldOffset(AddendOffset)] public ulong Addend;

    /// <summary>The physical address, and the bits of <see cref="SoftTlb"/>.</summary>
    [FieldOffset(InfoOffset)] public ulong Info;
}
