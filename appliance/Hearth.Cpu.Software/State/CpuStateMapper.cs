using Hearth.Machine;

namespace Hearth.Cpu.Software;

/// <summary>Between <see cref="VcpuState"/> and the portable <see cref="CpuState"/>.</summary>
/// <remarks>
/// The x87 state must be in <see cref="VcpuState.X87"/>, not in host registers. Whether an NMI is pending is known to the
/// caller alone, who also drops what it remembers of translations after a restore.
/// </remarks>
internal sealed unsafe class CpuStateMapper
{
    private static readonly uint[] s_msrs =
    [
        Msr.SysenterCs, Msr.SysenterEsp, Msr.SysenterEip, Msr.Pat, Msr.Star, Msr.Lstar, Msr.Cstar, Msr.SyscallMask,
        Msr.KernelGsBase, Msr.TscAux,
    ];

    private readonly VcpuState* _state;
    private readonly CpuModel _model;
    private readonly ModelSpecificRegisters _registers;
    private readonly ITimestampCounter _tsc;
    private readonly IReadOnlyList<uint> _paravirtual;

    public CpuStateMapper(VcpuState* state, CpuModel model, ModelSpecificRegisters registers, ITimestampCounter tsc)
    {
        _state = state;
        _model = model;
        _registers = registers;
        _tsc = tsc;
        _paravirtual = Msr.OfInterface(registers.Paravirtual.Interface);
    }

    public CpuState Save()
    {
        var saved = new CpuState
        {
            Rip = _state->Rip,
            Rflags = Rflags.Get(_state),
            Gdtr = new DescriptorTable(_state->GdtrBase, _state->GdtrLimit),
            Idtr = new DescriptorTable(_state->IdtrBase, _state->IdtrLimit),
            Cr0 = _state->Cr0,
            Cr2 = _state->Cr2,
            Cr3 = _state->Cr3,
            Cr4 = _state->Cr4,
            Efer = _state->Efer,
            Xcr0 = _state->Xcr0,
            Tsc = _tsc.Now,
            Activity = (VcpuActivity)_state->Activity,
            InterruptShadow = _state->InterruptShadow != 0,
            NmiBlocked = _state->NmiBlocked != 0,
        };
        saved.Clock = _registers.Paravirtual.ClockAt(saved.Tsc);
        new ReadOnlySpan<ulong>(_state->Gpr, 16).CopyTo(saved.Registers);
        new ReadOnlySpan<ulong>(_state->DebugRegister, 6).CopyTo(saved.DebugRegisters);
        for (SegmentName name = SegmentName.ES; name <= SegmentName.Tr; name++)
            saved[name] = Segments.Get(_state, name);
        XsaveImage.Save(_state, saved.Xsave);
        SaveMsrs(saved.Msrs);
        return saved;
    }

    /// <exception cref="SavedStateException">The state needs what the model does not have, or contradicts itself.</exception>
    public void Restore(CpuState saved)
    {
        Require((saved.Cr4 & ~ControlRegisterWrites.Cr4Of(_model)) == 0, "sets bits of CR4");
        Require((saved.Efer & ~ControlRegisterWrites.EferOf(_model)) == 0, "sets bits of EFER");
        Require(saved.Xcr0 == 1 || (saved.Xcr0 & ~_model.StateMask) == 0, "sets bits of XCR0");
        Require((saved.Cr0 & (ControlRegister.Cr0Paging | ControlRegister.Cr0ProtectedMode)) != ControlRegister.Cr0Paging, "sets bits of CR0");
        new ReadOnlySpan<ulong>(saved.Registers).CopyTo(new Span<ulong>(_state->Gpr, 16));
        new ReadOnlySpan<ulong>(saved.DebugRegisters).CopyTo(new Span<ulong>(_state->DebugRegister, 6));
        _state->DebugRegister[4] |= DebugControl.Dr6Fixed;
        _state->DebugRegister[5] |= DebugControl.Dr7Fixed;
        _state->Rip = saved.Rip;
        Rflags.Set(_state, saved.Rflags);
        for (SegmentName name = SegmentName.ES; name <= SegmentName.Tr; name++)
            Segments.Set(_state, name, saved[name]);
        (_state->GdtrBase, _state->GdtrLimit) = saved.Gdtr;
        (_state->IdtrBase, _state->IdtrLimit) = saved.Idtr;
        RestoreControl(saved);
        Require(XsaveImage.TryLoad(_state, saved.Xsave), "sets bits of MXCSR");
        RestoreMsrs(saved.Msrs);
        _state->TscOffset += saved.Tsc - _tsc.Now;
        _registers.Paravirtual.SetClock(saved.Tsc, saved.Clock);
        _state->Activity = (byte)saved.Activity;
        _state->InterruptShadow = (byte)(saved.InterruptShadow ? 1 : 0);
        _state->NmiBlocked = (byte)(saved.NmiBlocked ? 1 : 0);
        _state->FaultPending = 0;
        ModeState.Update(_state);
    }

    private void SaveMsrs(SortedDictionary<uint, ulong> msrs)
    {
        foreach (uint msr in s_msrs.Concat(_paravirtual))
        {
            _registers.TryRead(msr, out ulong value);
            msrs[msr] = value;
        }

        msrs[Msr.TscAdjust] = _state->TscAdjust;
        ReadOnlySpan<PlainMsr> plain = PlainMsrs.All;
        for (int i = 0; i < plain.Length; i++)
            msrs[plain[i].Index] = _state->PlainMsrs[i];
    }

    /// <summary>A register that the state does not name has its value after reset.</summary>
    private void RestoreMsrs(SortedDictionary<uint, ulong> msrs)
    {
        ResetState.Msrs(_state);
        _registers.Paravirtual.Reset();
        foreach ((uint msr, ulong value) in msrs)
        {
            bool known = s_msrs.Contains(msr) || PlainMsrs.TryFind(msr, out _);
            if (msr == Msr.TscAdjust)
                _state->TscAdjust = value;
            else if (_paravirtual.Contains(msr) ? !_registers.Paravirtual.TryRestore(msr, value) : !known || !_registers.TryWrite(msr, value))
                throw new SavedStateException($"the vCPU state sets model-specific register 0x{msr:x} to 0x{value:x}, which the CPU model {_model.Name} does not take");
        }
    }

    private void RestoreControl(CpuState saved)
    {
        _state->Cr0 = saved.Cr0 | ControlRegister.Cr0ExtensionType;
        _state->Cr2 = saved.Cr2;
        _state->Cr3 = saved.Cr3;
        _state->Cr4 = saved.Cr4;
        _state->Efer = saved.Efer;
        _state->Xcr0 = saved.Xcr0 | ControlRegister.Xcr0X87;

        // SS.DPL is the privilege level, also where CS is conforming (Intel SDM Vol. 3, section 24.4.1).
        int cpl = SegmentAttribute.Dpl(_state->SegmentAttributes[(int)SegmentName.SS]);
        bool isProtected = (_state->Cr0 & ControlRegister.Cr0ProtectedMode) != 0;
        bool isVirtual = (_state->SystemFlags & Rflags.Virtual8086) != 0;
        _state->Cpl = (byte)(isVirtual ? 3 : isProtected ? cpl : 0);
    }

    private void Require(bool holds, string what)
    {
        if (!holds)
            throw new SavedStateException($"the vCPU state {what} that the CPU model {_model.Name} does not have");
    }
}
