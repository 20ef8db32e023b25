namespace Hearth.Cpu.Software;

/// <summary>The numbers of the general registers that instructions use without naming them: indices into <see cref="VcpuState.Gpr"/>.</summary>
internal static class GeneralRegister
{
    public const int Rax = 0;
    public const int Rcx = 1;
    public const int Rdx = 2;
    public const int Rbx = 3;
    public const int Rsp = 4;
    public const int Rbp = 5;
    public const int Rsi = 6;
    public const int Rdi = 7;
}
