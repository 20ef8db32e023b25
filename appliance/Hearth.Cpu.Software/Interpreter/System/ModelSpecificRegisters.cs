using Hearth.Machine;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>RDMSR and WRMSR (Intel SDM Vol. 4). A register that is not here raises #GP(0).</summary>
internal sealed unsafe class ModelSpecificRegisters
{
    private readonly VcpuState* _state;
    private readonly CpuModel _model;
    private readonly ControlRegisterWrites _control;
    private readonly ITimestampCounter _tsc;

    public ModelSpecificRegisters(
        VcpuState* state, CpuModel model, ControlRegisterWrites control, ITimestampCounter tsc, ParavirtualRegisters paravirtual)
    {
        _state = state;
        _model = model;
        _control = control;
        _tsc = tsc;
        Paravirtual = paravirtual;
    }

    /// <summary>Those of the paravirtual interface.</summary>
    public ParavirtualRegisters Paravirtual { get; }

    /// <summary>IA32_APIC_BASE, x2APIC and the TSC deadline belong to this APIC; without one they do not exist.</summary>
    public ILocalApic? Apic { get; set; }

    public StepResult Read(in Instruction instruction)
    {
        if (_state->Cpl != 0 || !TryRead((uint)_state->Gpr[1], out ulong value))
            return PendingFault.GeneralProtection(_state);
        _state->Gpr[0] = (uint)value;
        _state->Gpr[2] = value >> 32;
        return Completion.Advance(_state, instruction);
    }

    public StepResult Write(in Instruction instruction)
    {
        ulong value = (uint)_state->Gpr[0] | (_state->Gpr[2] << 32);
        if (_state->Cpl != 0 || !TryWrite((uint)_state->Gpr[1], value))
            return PendingFault.GeneralProtection(_state);
        return Completion.Advance(_state, instruction);
    }

    /// <returns>False when there is no such register.</returns>
    public bool TryRead(uint msr, out ulong value)
    {
        if (BelongsToApic(msr))
        {
            value = 0;
            return Apic is not null && Apic.TryReadMsr(msr, out value);
        }

        if (PlainMsrs.TryFind(msr, out int slot))
        {
            value = _state->PlainMsrs[slot];
            return true;
        }

        if (TryReadConstant(msr, out value))
            return true;
        if (Paravirtual.TryRead(msr, out value))
            return true;
        ulong* field = Field(msr);
        value = field is null ? 0 : *field;
        if (msr != Msr.Tsc)
            return field is not null;
        value = _tsc.Now;
        return true;
    }

    /// <returns>False when there is no such register, or it does not take the value.</returns>
    public bool TryWrite(uint msr, ulong value)
    {
        if (BelongsToApic(msr))
            return Apic is not null && Apic.TryWriteMsr(msr, value);
        if (PlainMsrs.TryFind(msr, out int slot))
            return TryWritePlain(slot, value);
        switch (msr)
        {
            case Msr.Tsc:
                Adjust(value - _tsc.Now);
                return true;
            case Msr.TscAdjust:
                Adjust(value - _state->TscAdjust);
                return true;
            case Msr.Efer:
                return _control.TryWriteEfer(value);
            case Msr.PredCmd:
                return value <= 1;
            case Msr.BiosUpdateTrigger or Msr.BiosSignature:
                return true;
            default:
                return TryWriteField(msr, value) || Paravirtual.TryWrite(msr, value);
        }
    }

    private bool BelongsToApic(uint msr) => msr switch
    {
        Msr.ApicBase or Msr.TscDeadline or (>= Msr.X2ApicFirst and <= Msr.X2ApicLast) => true,
        Msr.HyperVEndOfInterrupt or Msr.HyperVInterruptCommand or Msr.HyperVTaskPriority => Paravirtual.Interface == ParavirtualInterface.HyperV,
        _ => false,
    };

    private bool TryWritePlain(int slot, ulong value)
    {
        if (!PlainMsrs.Accepts(slot, value))
            return false;
        _state->PlainMsrs[slot] = value;
        return true;
    }

    private bool TryWriteField(uint msr, ulong value)
    {
        bool accepted = msr switch
        {
            Msr.SysenterEsp or Msr.SysenterEip or Msr.Lstar or Msr.Cstar or Msr.FsBase or Msr.GsBase or Msr.KernelGsBase =>
                Segmentation.IsCanonical(value),
            Msr.SyscallMask or Msr.TscAux => value <= uint.MaxValue,
            Msr.Pat => PlainMsrs.AreMemoryTypes(value, allowUncachedMinus: true),
            _ => true,
        };
        ulong* field = Field(msr);
        if (!accepted || field is null)
            return false;
        *field = value;
        ModeState.Update(_state);
        return true;
    }

    /// <summary>Where a register with a meaning for the engine is kept, or null.</summary>
    private ulong* Field(uint msr) => msr switch
    {
        Msr.TscAdjust => &_state->TscAdjust,
        Msr.SysenterCs => &_state->SysenterCs,
        Msr.SysenterEsp => &_state->SysenterEsp,
        Msr.SysenterEip => &_state->SysenterEip,
        Msr.Pat => &_state->Pat,
        Msr.Efer => &_state->Efer,
        Msr.Star => &_state->Star,
        Msr.Lstar => &_state->Lstar,
        Msr.Cstar => &_state->Cstar,
        Msr.SyscallMask => &_state->SyscallMask,
        Msr.FsBase => &_state->SegmentBase[(int)SegmentName.FS],
        Msr.GsBase => &_state->SegmentBase[(int)SegmentName.GS],
        Msr.KernelGsBase => &_state->KernelGsBase,
        Msr.TscAux => &_state->TscAux,
        _ => null,
    };

    private bool TryReadConstant(uint msr, out ulong value)
    {
        const ulong FixedRanges = 1 << 8;
        const ulong WriteCombining = 1 << 10;
        const ulong Locked = 1;
        switch (msr)
        {
            case Msr.PlatformId or Msr.PlatformInfo or Msr.McgCap:
                value = 0;
                return true;
            case Msr.FeatureControl:
                value = Locked;
                return true;
            case Msr.BiosSignature:
                value = (ulong)_model.Signature.Microcode << 32;
                return true;
            case Msr.MtrrCap:
                value = Msr.VariableRanges | FixedRanges | WriteCombining;
                return true;
            case Msr.ArchCapabilities:
                value = SpeculationControls.OfTranslatedCode.ArchCapabilities;
                return true;
            default:
                value = 0;
                return false;
        }
    }

    /// <summary>IA32_TSC and IA32_TSC_ADJUST move together (Intel SDM Vol. 3, section 17.17.3).</summary>
    private void Adjust(ulong ticks)
    {
        _state->TscOffset += ticks;
        _state->TscAdjust += ticks;
        Paravirtual.CounterMoved(ticks);
    }
}
