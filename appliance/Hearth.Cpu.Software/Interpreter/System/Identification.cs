using Hearth.Machine;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>CPUID, RDTSC, RDTSCP, RDPID and RDPMC.</summary>
internal sealed unsafe class Identification
{
    private readonly VcpuState* _state;
    private readonly CpuidTable _cpuid;
    private readonly ITimestampCounter _tsc;
    private readonly bool _hasRdpid;

    public Identification(VcpuState* state, CpuModel model, CpuidTable cpuid, ITimestampCounter tsc)
    {
        _state = state;
        _cpuid = cpuid;
        _tsc = tsc;
        _hasRdpid = model.Has(CpuFeatures.Rdpid);
    }

    /// <summary>Leaf 1's APIC bit follows this APIC's enable bit.</summary>
    public ILocalApic? Apic { get; set; }

    public StepResult Cpuid(in Instruction instruction)
    {
        uint leaf = (uint)_state->Gpr[0];
        uint subleaf = (uint)_state->Gpr[1];
        CpuidResult result = _cpuid.Lookup(leaf, subleaf);
        if (leaf == 1)
            result = WithCurrent(result);
        else if (leaf == 0xD && subleaf == 0 && result.Eax != 0)
            result = result with { Ebx = (_state->Xcr0 & ControlRegister.Xcr0Avx) != 0 ? 832U : 576U };
        _state->Gpr[0] = result.Eax;
        _state->Gpr[3] = result.Ebx;
        _state->Gpr[1] = result.Ecx;
        _state->Gpr[2] = result.Edx;
        return Completion.Advance(_state, instruction);
    }

    public StepResult ReadTimestamp(in Instruction instruction)
    {
        if ((_state->Cr4 & ControlRegister.Cr4TimeStampDisable) != 0 && _state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        ulong now = _tsc.Now;
        _state->Gpr[0] = (uint)now;
        _state->Gpr[2] = now >> 32;
        if (instruction.Mnemonic == Mnemonic.Rdtscp)
            _state->Gpr[1] = (uint)_state->TscAux;
        return Completion.Advance(_state, instruction);
    }

    public StepResult ReadProcessorId(in Instruction instruction)
    {
        if (!_hasRdpid)
            return PendingFault.InvalidOpcode(_state);
        OperandAccess.Write(_state, instruction.Op0Register, (uint)_state->TscAux);
        return Completion.Advance(_state, instruction);
    }

    /// <summary>There are no performance counters (leaf 0xA is empty): every index is out of range.</summary>
    public StepResult ReadCounter() => PendingFault.GeneralProtection(_state);

    private CpuidResult WithCurrent(CpuidResult result)
    {
        const uint OsXsave = 1 << 27;
        const uint ApicFeature = 1 << 9;
        const ulong ApicEnabled = 1 << 11;
        bool saves = (_state->Cr4 & ControlRegister.Cr4OsXsave) != 0;
        bool hasApic = Apic is null || (Apic.ApicBase & ApicEnabled) != 0;
        return result with
        {
            Ecx = saves ? result.Ecx | OsXsave : result.Ecx,
            Edx = hasApic ? result.Edx : result.Edx & ~ApicFeature,
        };
    }
}
