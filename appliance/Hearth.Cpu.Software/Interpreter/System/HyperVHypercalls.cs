using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Hyper-V's hypercalls (Hypervisor Top-Level Functional Specification, "Hypercall Interface"): none is served, and the guest is told so.</summary>
internal sealed unsafe class HyperVHypercalls(VcpuState* state)
{
    private const ulong InvalidCode = 2;
    private const ulong InvalidInput = 3;
    private const ulong AccessDenied = 6;

    /// <summary>Bits 27–31, 44–47 and 60–63 of the input value.</summary>
    private const ulong Reserved = 0xF000_F000_F800_0000;

    private const ulong CodeMask = 0xFFFF;

    /// <summary>The input value is in RCX, or in EDX and EAX; the result is in RAX, or there.</summary>
    public StepResult Call(in Instruction instruction)
    {
        const int Rax = 0;
        const int Rcx = 1;
        const int Rdx = 2;
        if (state->Cpl != 0 || (state->Cr0 & ControlRegister.Cr0ProtectedMode) == 0)
            return PendingFault.InvalidOpcode(state);
        if ((state->Mode & (uint)ModeFlags.Long) != 0)
        {
            state->Gpr[Rax] = Answer(state->Gpr[Rcx]);
        }
        else
        {
            ulong answer = Answer((uint)state->Gpr[Rax] | (state->Gpr[Rdx] << 32));
            (state->Gpr[Rax], state->Gpr[Rdx]) = ((uint)answer, answer >> 32);
        }

        return Completion.Advance(state, instruction);
    }

    private static ulong Answer(ulong input)
    {
        if (IsOfAFeature(input & CodeMask))
            return AccessDenied;
        return (input & Reserved) != 0 ? InvalidInput : InvalidCode;
    }

    /// <summary>
    /// Those whose features are not offered: flushing of other processors' TLBs (2, 3, 0x13, 0x14), long waits for spinlocks (8), interrupts for others (0xB, 0x15),
    /// messages and events (0x5C, 0x5D). KVM refuses them by the same status (KVM_CAP_HYPERV_ENFORCE_CPUID).
    /// </summary>
    private static bool IsOfAFeature(ulong code) => code is 2 or 3 or 8 or 0xB or 0x13 or 0x14 or 0x15 or 0x5C or 0x5D;
}
