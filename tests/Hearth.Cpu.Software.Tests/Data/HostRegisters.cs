using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>The registers that <see cref="HostProcessor"/> loads before and stores after the code it runs.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct HostRegisters
{
    public const int FlagsOffset = 128;
    public const int MxcsrOffset = 136;
    public const int OwnStackOffset = 144;
    public const int VectorOffset = 160;
    public const int Size = VectorOffset + (16 * 32);

    /// <summary>In the order of their numbers.</summary>
    [FieldOffset(0)] public fixed ulong Gpr[16];

    [FieldOffset(FlagsOffset)] public ulong Flags;

    [FieldOffset(MxcsrOffset)] public uint Mxcsr;

    /// <summary>Not 0: RSP is loaded, too; else the code runs on the stack of the host.</summary>
    [FieldOffset(OwnStackOffset)] public ulong OwnStack;

    [FieldOffset(VectorOffset)] public fixed byte Ymm[16 * 32];
}
