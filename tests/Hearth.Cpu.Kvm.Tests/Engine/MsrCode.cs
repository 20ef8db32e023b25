using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>Guest code that accesses model-specific registers; RAX, RCX and RDX are lost.</summary>
internal static class MsrCode
{
    public static void Get(Assembler a, uint register, AssemblerRegister64 to)
    {
        a.mov(ecx, register);
        a.rdmsr();
        a.shl(rdx, 32);
        a.or(rax, rdx);
        a.mov(to, rax);
    }

    public static void Set(Assembler a, uint register, ulong value)
    {
        a.mov(ecx, register);
        a.mov(eax, (uint)value);
        a.mov(edx, (uint)(value >> 32));
        a.wrmsr();
    }
}
