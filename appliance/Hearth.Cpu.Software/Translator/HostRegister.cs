namespace Hearth.Cpu.Software;

/// <summary>A host general register by its encoding.</summary>
internal enum HostRegister
{
    None = -1,
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}
