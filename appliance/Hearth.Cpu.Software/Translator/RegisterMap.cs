using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// Where guest general registers live while generated code runs. Host RSP stays a host stack (the CLR's signal handlers
/// use it), R15 points at <see cref="VcpuState"/>, and RCX, R12 and R14 are scratch, because JRCXZ tests without touching
/// flags. Nine guest registers keep their own name, two move, five live in memory.
/// </summary>
internal static class RegisterMap
{
    public const HostRegister State = HostRegister.R15;

    /// <summary>Scratch; also what JRCXZ tests.</summary>
    public const HostRegister Test = HostRegister.Rcx;

    /// <summary>Scratch; host address minus linear address after a TLB hit.</summary>
    public const HostRegister Addend = HostRegister.R12;

    /// <summary>Scratch; the linear address of an access, or the target of a jump.</summary>
    public const HostRegister Address = HostRegister.R14;

    public const int GuestRcx = 1;
    public const int GuestRsp = 4;
    public const int GuestRbp = 5;
    private const int FirstSpilled = 11;

    /// <summary>The host register that holds a guest register (0–15), or None when it lives in <see cref="VcpuState.Gpr"/>.</summary>
    public static HostRegister Host(int guest) => guest switch
    {
        GuestRcx => HostRegister.R11,
        GuestRsp => HostRegister.R13,
        >= FirstSpilled => HostRegister.None,
        _ => (HostRegister)guest,
    };

    /// <summary>The home of a guest register in memory.</summary>
    public static HostOperand Home(int guest) => HostOperand.Field(guest * 8);

    /// <summary>The number of the general register that a register name is part of, or -1 when it is none.</summary>
    public static int GuestNumber(Register register) =>
        register.IsGPR() ? register.GetFullRegister() - Register.RAX : -1;

    public static bool IsHighByte(Register register) => register is Register.AH or Register.CH or Register.DH or Register.BH;

    /// <summary>The Iced name of a host register's low <paramref name="size"/> bytes (1, 2, 4, 8).</summary>
    public static Register Name(HostRegister register, int size)
    {
        int number = (int)register;
        return size switch
        {
            8 => Register.RAX + number,
            4 => Register.EAX + number,
            2 => Register.AX + number,
            _ => number < 4 ? Register.AL + number : number < 8 ? Register.SPL + (number - 4) : Register.R8L + (number - 8),
        };
    }
}
