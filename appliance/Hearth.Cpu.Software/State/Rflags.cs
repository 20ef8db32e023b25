namespace Hearth.Cpu.Software;

/// <summary>RFLAGS, whose parts <see cref="VcpuState"/> keeps where each is used (Intel SDM Vol. 1, section 3.4.3).</summary>
internal static unsafe class Rflags
{
    public const ulong Carry = 1 << 0;
    public const ulong AlwaysOne = 1 << 1;
    public const ulong Zero = 1 << 6;
    public const ulong Trap = 1 << 8;
    public const ulong InterruptEnable = 1 << 9;
    public const ulong Direction = 1 << 10;
    public const ulong Overflow = 1 << 11;
    public const int IoPrivilegeShift = 12;
    public const ulong IoPrivilege = 3 << IoPrivilegeShift;
    public const ulong NestedTask = 1 << 14;
    public const ulong Resume = 1 << 16;
    public const ulong Virtual8086 = 1 << 17;
    public const ulong AlignmentCheck = 1 << 18;
    public const ulong VirtualInterrupt = 1 << 19;
    public const ulong VirtualInterruptPending = 1 << 20;
    public const ulong Identification = 1 << 21;

    public const ulong Arithmetic = 0x8D5;

    /// <summary>What <see cref="VcpuState.SystemFlags"/> holds.</summary>
    public const ulong System = Trap | IoPrivilege | NestedTask | Resume | Virtual8086 | AlignmentCheck |
        VirtualInterrupt | VirtualInterruptPending | Identification;

    /// <summary>Every flag that exists.</summary>
    public const ulong All = Arithmetic | InterruptEnable | Direction | System;

    public static ulong Get(VcpuState* state) =>
        state->ArithmeticFlags | state->SystemFlags | AlwaysOne |
        ((ulong)state->InterruptEnable << 9) | ((ulong)state->Direction << 10);

    /// <summary>Sets all flags; bits that do not exist are dropped. The caller updates the mode.</summary>
    public static void Set(VcpuState* state, ulong value)
    {
        state->ArithmeticFlags = value & Arithmetic;
        state->SystemFlags = (value & System) | AlwaysOne;
        state->InterruptEnable = (byte)((value >> 9) & 1);
        state->Direction = (byte)((value >> 10) & 1);
    }

    /// <summary>Sets the flags of <paramref name="mask"/> and keeps the others.</summary>
    public static void Change(VcpuState* state, ulong value, ulong mask) => Set(state, (Get(state) & ~mask) | (value & mask));

    /// <summary>IOPL, 0–3.</summary>
    public static int IoPrivilegeLevel(VcpuState* state) => (int)(state->SystemFlags >> IoPrivilegeShift) & 3;
}
