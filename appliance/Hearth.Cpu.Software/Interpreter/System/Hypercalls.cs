using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>VMCALL and VMMCALL: KVM's hypercalls (Linux, Documentation/virt/kvm/x86/hypercalls.rst), or Hyper-V's once a guest of that has said what it is.</summary>
/// <remarks>
/// No feature that needs one is announced, and yet Linux asks for the pair of clocks wherever it finds kvmclock (its module ptp_kvm). Both instructions
/// are the same: KVM puts the other make's into a guest's code where it finds the wrong one.
/// </remarks>
internal sealed unsafe class Hypercalls(VcpuState* state, ParavirtualRegisters paravirtual)
{
    private const ulong PollInterrupts = 1;
    private const ulong ClockPairing = 9;

    private const long NotPermitted = -1;
    private const long BadAddress = -14;
    private const long NotSupported = -95;
    private const long Unknown = -1000;

    private readonly HyperVHypercalls _hyperV = new(state);

    public StepResult Call(in Instruction instruction) => paravirtual is HyperVRegisters { IsGuestKnown: true } ? _hyperV.Call(instruction) : CallKvm(instruction);

    /// <summary>The number is in RAX, the arguments in RBX and RCX; RAX gets the result.</summary>
    private StepResult CallKvm(in Instruction instruction)
    {
        const int Rax = 0;
        const int Rcx = 1;
        const int Rbx = 3;
        ulong mask = (state->Mode & (uint)ModeFlags.Long) != 0 ? ulong.MaxValue : uint.MaxValue;
        long result = state->Cpl != 0 ? NotPermitted : (state->Gpr[Rax] & mask) switch
        {
            PollInterrupts => 0,
            ClockPairing => Pair(state->Gpr[Rbx] & mask, state->Gpr[Rcx] & mask),
            _ => Unknown,
        };
        state->Gpr[Rax] = (ulong)result & mask;
        return Completion.Advance(state, instruction);
    }

    private long Pair(ulong address, ulong kind)
    {
        const ulong WallClock = 0;
        if (kind != WallClock)
            return NotSupported;
        return paravirtual.TryWritePair(address) ? 0 : BadAddress;
    }
}
