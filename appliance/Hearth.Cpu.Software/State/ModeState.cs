namespace Hearth.Cpu.Software;

/// <summary>Computes <see cref="VcpuState.Mode"/> from the registers it derives from.</summary>
internal static unsafe class ModeState
{
    private const ulong AvxState = ControlRegister.Xcr0Sse | ControlRegister.Xcr0Avx;

    /// <summary>To be called after any change of flags, CPL, CR0, CR4, EFER, XCR0, DR7 or a segment register.</summary>
    public static void Update(VcpuState* state)
    {
        ModeFlags mode = CodeFlags(state) | PrivilegeFlags(state) | UnitFlags(state);
        if ((state->SystemFlags & (Rflags.Trap | Rflags.Resume)) != 0 || DebugControl.HasFetchBreakpoint(state->DebugRegister[5]))
            mode |= ModeFlags.SingleStep;
        if ((mode & ModeFlags.Long) == 0)
            mode |= SegmentFlags(state);
        state->Mode = (uint)mode;
    }

    private static ModeFlags CodeFlags(VcpuState* state)
    {
        ModeFlags mode = ModeFlags.None;
        ushort code = state->SegmentAttributes[(int)SegmentName.CS];
        if ((state->Efer & ControlRegister.EferLongModeActive) != 0 && (code & SegmentAttribute.Long) != 0)
            mode |= ModeFlags.Long;
        else if ((code & SegmentAttribute.Big) != 0)
            mode |= ModeFlags.Code32;

        // In 64-bit code nobody looks at SS.B, and the key of a block should not depend on it.
        if ((mode & ModeFlags.Long) == 0 && (state->SegmentAttributes[(int)SegmentName.SS] & SegmentAttribute.Big) != 0)
            mode |= ModeFlags.Stack32;
        if ((state->Cr0 & ControlRegister.Cr0ProtectedMode) != 0)
            mode |= ModeFlags.Protected;
        if ((state->SystemFlags & Rflags.Virtual8086) != 0)
            mode |= ModeFlags.Virtual8086;
        return mode;
    }

    private static ModeFlags PrivilegeFlags(VcpuState* state)
    {
        ModeFlags mode = ModeFlags.None;
        bool alignmentFlag = (state->SystemFlags & Rflags.AlignmentCheck) != 0;
        if (state->Cpl == 3)
        {
            mode |= ModeFlags.User;
            if (alignmentFlag && (state->Cr0 & ControlRegister.Cr0AlignmentMask) != 0)
                mode |= ModeFlags.AlignmentCheck;
        }
        else if (!alignmentFlag && (state->Cr4 & ControlRegister.Cr4Smap) != 0)
        {
            mode |= ModeFlags.Smap;
        }

        if (state->Cpl <= Rflags.IoPrivilegeLevel(state) && (state->SystemFlags & Rflags.Virtual8086) == 0)
            mode |= ModeFlags.IoPrivileged;
        return mode;
    }

    private static ModeFlags UnitFlags(VcpuState* state)
    {
        ModeFlags mode = (state->Cr4 & ControlRegister.Cr4FsGsBase) != 0 ? ModeFlags.FsGsBase : ModeFlags.None;
        if ((state->Cr0 & ControlRegister.Cr0TaskSwitched) != 0)
            return mode;

        // AVX does not look at CR0.EM, but needs protected mode (Intel SDM Vol. 2, table 2-21).
        bool avx = (state->Cr4 & ControlRegister.Cr4OsXsave) != 0 && (state->Xcr0 & AvxState) == AvxState &&
            (state->Cr0 & ControlRegister.Cr0ProtectedMode) != 0 && (state->SystemFlags & Rflags.Virtual8086) == 0;
        if (avx)
            mode |= ModeFlags.AvxUsable;
        if ((state->Cr0 & ControlRegister.Cr0Emulation) != 0)
            return mode;
        mode |= ModeFlags.X87Usable;
        if ((state->Cr4 & ControlRegister.Cr4OsFxsr) != 0)
            mode |= ModeFlags.SseUsable;
        return mode;
    }

    /// <summary>Which segments are not simply all 4 GiB from 0, readable and writable.</summary>
    private static ModeFlags SegmentFlags(VcpuState* state)
    {
        uint mode = 0;
        bool typed = (state->Cr0 & ControlRegister.Cr0ProtectedMode) != 0 && (state->SystemFlags & Rflags.Virtual8086) == 0;
        for (int i = 0; i < 6; i++)
        {
            if (state->SegmentBase[i] != 0)
                mode |= (uint)ModeFlags.EsBase << i;
            if (state->SegmentLimit[i] != uint.MaxValue || (typed && !IsFlat(i, state->SegmentAttributes[i])))
                mode |= (uint)ModeFlags.EsChecked << i;
        }

        return (ModeFlags)mode;
    }

    /// <summary>For CS: readable code (writes through CS always fault in protected mode); for the others: data that may be written.</summary>
    private static bool IsFlat(int segment, ushort attributes)
    {
        const ushort Usable = SegmentAttribute.Present | SegmentAttribute.CodeOrData | SegmentAttribute.ReadWrite;
        const ushort Common = Usable | SegmentAttribute.Unusable;
        if (segment == (int)SegmentName.CS)
            return (attributes & (Common | SegmentAttribute.Code)) == (Usable | SegmentAttribute.Code);
        return (attributes & (Common | SegmentAttribute.Code | SegmentAttribute.DownOrConforming)) == Usable;
    }
}
