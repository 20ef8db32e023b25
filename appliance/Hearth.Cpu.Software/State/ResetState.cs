namespace Hearth.Cpu.Software;

/// <summary>The state after RESET, INIT and SIPI (Intel SDM Vol. 3, table 9-1 and section 8.4).</summary>
/// <remarks>The caller flushes the soft TLB, and has nothing of the guest left in host registers.</remarks>
internal static unsafe class ResetState
{
    public const ulong Pat = 0x0007_0406_0007_0406;
    public const uint Mxcsr = 0x1F80;
    public const ushort X87Control = 0x37F;

    private const ulong CacheOff = ControlRegister.Cr0CacheDisable | ControlRegister.Cr0NotWriteThrough;

    /// <summary>RESET: everything.</summary>
    /// <param name="bootstrap">The bootstrap processor runs, the others wait for SIPI.</param>
    public static void Reset(VcpuState* state, CpuModel model, bool bootstrap)
    {
        Registers(state, model);
        state->Cr0 = CacheOff | ControlRegister.Cr0ExtensionType;
        state->Xcr0 = ControlRegister.Xcr0X87;
        Vectors(state);
        Msrs(state);
        state->NmiBlocked = 0;
        state->Activity = (byte)(bootstrap ? VcpuActivity.Running : VcpuActivity.WaitForSipi);
        ModeState.Update(state);
    }

    /// <summary>INIT: keeps caches, vector and x87 registers, and model-specific registers.</summary>
    /// <inheritdoc cref="Reset"/>
    public static void Init(VcpuState* state, CpuModel model, bool bootstrap)
    {
        ulong cache = state->Cr0 & CacheOff;
        Registers(state, model);
        state->Cr0 = cache | ControlRegister.Cr0ExtensionType;
        state->NmiBlocked = 0;
        state->Activity = (byte)(bootstrap ? VcpuActivity.Running : VcpuActivity.WaitForSipi);
        ModeState.Update(state);
    }

    /// <summary>SIPI: real mode at <paramref name="vector"/> times 4096.</summary>
    public static void StartUp(VcpuState* state, byte vector)
    {
        Segments.Set(state, SegmentName.CS, new SegmentRegister((ushort)(vector << 8), (ulong)vector << 12, 0xFFFF, RealCode));
        state->Rip = 0;
        state->Activity = (byte)VcpuActivity.Running;
        ModeState.Update(state);
    }

    /// <summary>x87, SSE and AVX in their initial configuration.</summary>
    public static void Vectors(VcpuState* state)
    {
        new Span<byte>(state->Ymm, 16 * 32).Clear();
        X87(state);
        state->Mxcsr = Mxcsr;
    }

    /// <summary>The x87 registers as FNINIT leaves them.</summary>
    public static void X87(VcpuState* state)
    {
        new Span<byte>(state->X87, 512).Clear();
        *(ushort*)state->X87 = X87Control;
    }

    /// <summary>The model-specific registers, but for EFER.</summary>
    public static void Msrs(VcpuState* state)
    {
        PlainMsrs.Reset(state);
        state->Pat = Pat;
        state->Star = 0;
        state->Lstar = 0;
        state->Cstar = 0;
        state->SyscallMask = 0;
        state->KernelGsBase = 0;
        state->SysenterCs = 0;
        state->SysenterEsp = 0;
        state->SysenterEip = 0;
        state->TscAux = 0;
        state->TscAdjust = 0;
    }

    private const ushort RealCode = SegmentAttribute.RealMode | SegmentAttribute.Code;
    private const ushort EmptyLdt = SegmentAttribute.Present | Descriptor.Ldt;
    private const ushort BusyTask = SegmentAttribute.Present | Descriptor.Tss32Busy;

    private static void Registers(VcpuState* state, CpuModel model)
    {
        for (int i = 0; i < 16; i++)
            state->Gpr[i] = 0;
        state->Gpr[2] = model.Signature.Eax;
        state->Rip = 0xFFF0;
        Rflags.Set(state, Rflags.AlwaysOne);
        for (SegmentName name = SegmentName.ES; name <= SegmentName.GS; name++)
            Segments.Set(state, name, new SegmentRegister(0, 0, 0xFFFF, SegmentAttribute.RealMode));
        Segments.Set(state, SegmentName.CS, new SegmentRegister(0xF000, 0xFFFF_0000, 0xFFFF, RealCode));
        Segments.Set(state, SegmentName.Ldtr, new SegmentRegister(0, 0, 0xFFFF, EmptyLdt));
        Segments.Set(state, SegmentName.Tr, new SegmentRegister(0, 0, 0xFFFF, BusyTask));
        (state->GdtrBase, state->GdtrLimit) = (0, 0xFFFF);
        (state->IdtrBase, state->IdtrLimit) = (0, 0xFFFF);
        (state->Cr2, state->Cr3, state->Cr4, state->Efer) = (0, 0, 0, 0);
        for (int i = 0; i < 4; i++)
            state->DebugRegister[i] = 0;
        state->DebugRegister[4] = DebugControl.Dr6Fixed;
        state->DebugRegister[5] = DebugControl.Dr7Fixed;
        state->Cpl = 0;
        state->InterruptShadow = 0;
        state->FaultPending = 0;
    }
}
