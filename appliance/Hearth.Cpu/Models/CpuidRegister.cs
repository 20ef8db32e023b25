namespace Hearth.Cpu;

/// <summary>One of the four registers that CPUID fills.</summary>
public enum CpuidRegister
{
    Eax,
    Ebx,
    Ecx,
    Edx,
}
