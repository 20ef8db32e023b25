using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>
/// What a change of privilege level led to the last time, and what it depended on: machine code repeats it while all of that
/// is the same (see <see cref="TransitionStubs"/>).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Transition
{
    public const int Size = 96;

    /// <summary>The number of <see cref="TransitionKind"/>s.</summary>
    public const int Count = 5;

    /// <summary>The mode and, 32 bits up, <see cref="VcpuState.SystemFlags"/> before. Zero for no transition: 64-bit modes are not zero.</summary>
    public ulong Key;
    public ulong Star;
    public ulong SyscallMask;
    public uint Cr4;
    public uint Efer;

    /// <summary>The descriptors as they stand in the GDT; not looked at by SYSCALL and SYSRET, nor for a null stack segment.</summary>
    public ulong CodeDescriptor;
    public ulong StackDescriptor;

    // ---- what it led to ----

    public ulong ModeSalt;
    public uint Mode;
    public uint SystemFlags;
    public ushort CodeSelector;
    public ushort StackSelector;
    public ushort CodeAttributes;
    public ushort StackAttributes;
    public uint CodeLimit;
    public uint StackLimit;
    public uint CodeBase;
    public uint StackBase;

    private readonly ulong _reserved;

    public static int OffsetOf(string field) => (int)Marshal.OffsetOf<Transition>(field);
}

/// <summary>The transitions that machine code repeats, each with a place of its own.</summary>
internal enum TransitionKind
{
    SystemCall,
    SystemReturn,

    /// <summary>IRETQ to level 3.</summary>
    ReturnToUser,

    /// <summary>IRETQ from level 0 to level 0.</summary>
    ReturnToSame,

    /// <summary>As <see cref="ReturnToSame"/>, to a null stack segment.</summary>
    ReturnToSameNull,
}
