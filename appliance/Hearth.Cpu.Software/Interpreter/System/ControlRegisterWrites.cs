using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>What the control registers accept, and what a change of them entails (Intel SDM Vol. 3, sections 2.5, 2.6 and 4.1).</summary>
internal sealed unsafe class ControlRegisterWrites
{
    private const ulong Cr0Known = ControlRegister.Cr0ProtectedMode | ControlRegister.Cr0MonitorCoprocessor |
        ControlRegister.Cr0Emulation | ControlRegister.Cr0TaskSwitched | ControlRegister.Cr0ExtensionType |
        ControlRegister.Cr0NumericError | ControlRegister.Cr0WriteProtect | ControlRegister.Cr0AlignmentMask |
        ControlRegister.Cr0NotWriteThrough | ControlRegister.Cr0CacheDisable | ControlRegister.Cr0Paging;

    private const ulong Cr0Translation = ControlRegister.Cr0ProtectedMode | ControlRegister.Cr0WriteProtect | ControlRegister.Cr0Paging;

    private const ulong Cr4Translation = ControlRegister.Cr4PageSizeExtension | ControlRegister.Cr4Pae |
        ControlRegister.Cr4GlobalPages | ControlRegister.Cr4Pcid | ControlRegister.Cr4Smep | ControlRegister.Cr4Smap;

    private const ulong NoFlush = 1UL << 63;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly ulong _cr4Known;
    private readonly ulong _eferKnown;
    private readonly ulong _stateMask;

    public ControlRegisterWrites(VcpuState* state, GuestRam ram, Mmu mmu, CpuModel model)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _cr4Known = Cr4Of(model);
        _eferKnown = EferOf(model);
        _stateMask = model.StateMask;
    }

    private bool IsLongMode => (_state->Efer & ControlRegister.EferLongModeActive) != 0;

    /// <summary>The bits of CR4 that a model has.</summary>
    public static ulong Cr4Of(CpuModel model)
    {
        const ulong Always = ControlRegister.Cr4TimeStampDisable | ControlRegister.Cr4DebuggingExtensions |
            ControlRegister.Cr4PageSizeExtension | ControlRegister.Cr4Pae | ControlRegister.Cr4MachineCheck |
            ControlRegister.Cr4GlobalPages | ControlRegister.Cr4PerformanceCounters | ControlRegister.Cr4OsFxsr |
            ControlRegister.Cr4OsXmmExceptions;
        return Always | (model.Has(CpuFeatures.Umip) ? ControlRegister.Cr4Umip : 0) |
            (model.Has(CpuFeatures.FsGsBase) ? ControlRegister.Cr4FsGsBase : 0) |
            (model.Has(CpuFeatures.Pcid) ? ControlRegister.Cr4Pcid : 0) |
            (model.Has(CpuFeatures.Xsave) ? ControlRegister.Cr4OsXsave : 0) |
            (model.Has(CpuFeatures.Smep) ? ControlRegister.Cr4Smep : 0) |
            (model.Has(CpuFeatures.Smap) ? ControlRegister.Cr4Smap : 0);
    }

    /// <summary>The bits of EFER that a model has.</summary>
    public static ulong EferOf(CpuModel model) =>
        ControlRegister.EferSyscall | ControlRegister.EferLongModeEnable | ControlRegister.EferLongModeActive |
        (model.Has(CpuFeatures.Nx) ? ControlRegister.EferNoExecute : 0);

    /// <returns>Continue, or Fault with #GP(0) pending.</returns>
    public StepResult WriteCr0(ulong value)
    {
        bool paging = (value & ControlRegister.Cr0Paging) != 0;
        bool wasPaging = (_state->Cr0 & ControlRegister.Cr0Paging) != 0;
        bool contradicts = (paging && (value & ControlRegister.Cr0ProtectedMode) == 0) ||
            ((value & ControlRegister.Cr0NotWriteThrough) != 0 && (value & ControlRegister.Cr0CacheDisable) == 0);
        if (value >> 32 != 0 || contradicts)
            return PendingFault.GeneralProtection(_state);
        if (paging && !wasPaging && !AllowsPaging())
            return PendingFault.GeneralProtection(_state);
        if (!paging && wasPaging && (IsLongCode() || (_state->Cr4 & ControlRegister.Cr4Pcid) != 0))
            return PendingFault.GeneralProtection(_state);

        ulong changed = _state->Cr0 ^ value;
        _state->Cr0 = (value & Cr0Known) | ControlRegister.Cr0ExtensionType;
        if (paging != wasPaging)
            UpdateLongMode(paging);
        if ((changed & Cr0Translation) != 0)
            _mmu.Flush();
        ModeState.Update(_state);
        return StepResult.Continue;
    }

    /// <inheritdoc cref="WriteCr0"/>
    public StepResult WriteCr3(ulong value)
    {
        if (IsLongMode)
        {
            if ((_state->Cr4 & ControlRegister.Cr4Pcid) != 0)
                value &= ~NoFlush;
            if (value >> CpuModel.PhysicalAddressBits != 0)
                return PendingFault.GeneralProtection(_state);
        }
        else if (IsPae(_state->Cr0, _state->Cr4) && !ArePointersValid(value))
        {
            return PendingFault.GeneralProtection(_state);
        }

        _state->Cr3 = value;
        _mmu.FlushNonGlobal();
        return StepResult.Continue;
    }

    /// <inheritdoc cref="WriteCr0"/>
    public StepResult WriteCr4(ulong value)
    {
        ulong changed = _state->Cr4 ^ value;
        bool addsPcid = (changed & value & ControlRegister.Cr4Pcid) != 0;
        bool losesPae = IsLongMode && (value & ControlRegister.Cr4Pae) == 0;
        if ((value & ~_cr4Known) != 0 || losesPae || (addsPcid && (!IsLongMode || (_state->Cr3 & 0xFFF) != 0)))
            return PendingFault.GeneralProtection(_state);
        if ((changed & ControlRegister.Cr4Pae) != 0 && IsPae(_state->Cr0, value) && !IsLongMode && !ArePointersValid(_state->Cr3))
            return PendingFault.GeneralProtection(_state);
        _state->Cr4 = value;
        if ((changed & Cr4Translation) != 0)
            _mmu.Flush();
        ModeState.Update(_state);
        return StepResult.Continue;
    }

    /// <returns>False when the guest must get #GP(0).</returns>
    public bool TryWriteEfer(ulong value)
    {
        ulong changed = _state->Efer ^ value;
        bool movesLongMode = (changed & ControlRegister.EferLongModeEnable) != 0 && (_state->Cr0 & ControlRegister.Cr0Paging) != 0;
        if ((value & ~_eferKnown) != 0 || movesLongMode)
            return false;
        _state->Efer = (value & ~ControlRegister.EferLongModeActive) | (_state->Efer & ControlRegister.EferLongModeActive);
        if ((changed & ControlRegister.EferNoExecute) != 0)
            _mmu.Flush();
        ModeState.Update(_state);
        return true;
    }

    /// <inheritdoc cref="TryWriteEfer"/>
    public bool TryWriteXcr0(ulong value)
    {
        const ulong Vectors = ControlRegister.Xcr0Sse | ControlRegister.Xcr0Avx;
        bool avxAlone = (value & Vectors) == ControlRegister.Xcr0Avx;
        if ((value & ControlRegister.Xcr0X87) == 0 || (value & ~_stateMask) != 0 || avxAlone)
            return false;
        _state->Xcr0 = value;
        ModeState.Update(_state);
        return true;
    }

    /// <summary>Long mode becomes active with paging (section 9.8.5).</summary>
    private bool AllowsPaging()
    {
        bool isPae = (_state->Cr4 & ControlRegister.Cr4Pae) != 0;
        if ((_state->Efer & ControlRegister.EferLongModeEnable) == 0)
            return !isPae || ArePointersValid(_state->Cr3);
        bool isLongSegment = (_state->SegmentAttributes[(int)SegmentName.CS] & SegmentAttribute.Long) != 0;
        return isPae && !isLongSegment;
    }

    private void UpdateLongMode(bool paging)
    {
        if (paging && (_state->Efer & ControlRegister.EferLongModeEnable) != 0)
            _state->Efer |= ControlRegister.EferLongModeActive;
        else
            _state->Efer &= ~ControlRegister.EferLongModeActive;
    }

    private bool IsLongCode() => (_state->Mode & (uint)ModeFlags.Long) != 0;

    private static bool IsPae(ulong cr0, ulong cr4) =>
        (cr0 & ControlRegister.Cr0Paging) != 0 && (cr4 & ControlRegister.Cr4Pae) != 0;

    /// <summary>No present PDPTE may have a reserved bit set (section 4.4.1).</summary>
    private bool ArePointersValid(ulong cr3)
    {
        ulong* table = (ulong*)_ram.HostAddress(cr3 & 0xFFFF_FFE0);
        if (table is null)
            return true;

        // SAFETY: four entries at a multiple of 32 lie within one page.
        for (int i = 0; i < 4; i++)
        {
            if ((table[i] & PageTableEntry.Present) != 0 && (table[i] & PageWalker.PaePointerReserved) != 0)
                return false;
        }

        return true;
    }
}
