using System.Runtime.CompilerServices;

namespace Hearth.Cpu.Software;

/// <summary>The state after RESET and INIT (Intel SDM Vol. 3, table 9-1).</summary>
internal static unsafe class ResetState
{
    private const ushort RealModeData = 0x93;
    private const ushort LdtAttributes = 0x82;
    private const ushort TssAttributes = 0x8B;
    private const ulong CacheDisabled = 0x6000_0010;
    private const ulong ResetPat = 0x0007_0406_0007_0406;
    private const ulong ResetDr6 = 0xFFFF_0FF0;
    private const ulong ResetDr7 = 0x400;
    private const uint ResetMxcsr = 0x1F80;
    private const ushort ResetControlWord = 0x40;

    /// <param name="signature">EAX of CPUID leaf 1, which RESET leaves in EDX.</param>
    /// <param name="init">INIT: x87, SSE and AVX registers, the TSC, and the MSRs keep their values.</param>
    /// <param name="bootstrap">The bootstrap processor begins at the reset vector; the others wait for SIPI.</param>
    public static void Apply(VcpuState* state, uint signature, bool init, bool bootstrap)
    {
        new Span<ulong>(state->Gpr, 16).Clear();
        state->Gpr[2] = signature;
        state->Rip = 0xFFF0;
        state->ArithmeticFlags = 0;
        state->SystemFlags = Rflags.AlwaysOne;
        state->InterruptEnable = 0;
        state->Direction = 0;
        state->InterruptShadow = 0;
        state->InterruptWaiting = 0;
        state->NmiBlocked = 0;
        state->FaultPending = 0;
        state->Cpl = 0;
        state->Activity = (byte)(bootstrap ? VcpuActivity.Running : VcpuActivity.WaitForSipi);
        ResetSegments(state);
        ResetControl(state);
        if (!init)
            ResetRegisterFiles(state);
        ModeState.Update(state);
    }

    private static void ResetSegments(VcpuState* state)
    {
        for (int i = 0; i < 6; i++)
        {
            state->SegmentSelector[i] = 0;
            state->SegmentBase[i] = 0;
            state->SegmentLimit[i] = 0xFFFF;
            state->SegmentAttributes[i] = RealModeData;
        }

        state->SegmentSelector[(int)SegmentName.CS] = 0xF000;
        state->SegmentBase[(int)SegmentName.CS] = 0xFFFF_0000;
        state->SegmentAttributes[(int)SegmentName.CS] = RealModeData | SegmentAttribute.Code;
        state->SegmentSelector[(int)SegmentName.Ldtr] = 0;
        state->SegmentLimit[(int)SegmentName.Ldtr] = 0xFFFF;
        state->SegmentAttributes[(int)SegmentName.Ldtr] = LdtAttributes;
        state->SegmentSelector[(int)SegmentName.Tr] = 0;
        state->SegmentLimit[(int)SegmentName.Tr] = 0xFFFF;
        state->SegmentAttributes[(int)SegmentName.Tr] = TssAttributes;
        state->LdtrBase = 0;
        state->TrBase = 0;
        state->GdtrBase = 0;
        state->GdtrLimit = 0xFFFF;
        state->IdtrBase = 0;
        state->IdtrLimit = 0xFFFF;
    }

    private static void ResetControl(VcpuState* state)
    {
        state->Cr0 = CacheDisabled;
        state->Cr2 = 0;
        state->Cr3 = 0;
        state->Cr4 = 0;
        state->Efer = 0;
        state->Xcr0 = 1;
        new Span<ulong>(state->DebugRegister, 4).Clear();
        state->DebugRegister[4] = ResetDr6;
        state->DebugRegister[5] = ResetDr7;
    }

    private static void ResetRegisterFiles(VcpuState* state)
    {
        state->Star = state->Lstar = state->Cstar = state->SyscallMask = state->KernelGsBase = 0;
        state->SysenterCs = state->SysenterEsp = state->SysenterEip = 0;
        state->TscAux = 0;
        state->TscAdjust = 0;
        state->Pat = ResetPat;
        new Span<ulong>(state->PlainMsrs, 64).Clear();
        state->Mxcsr = ResetMxcsr;
        Unsafe.InitBlock(state->Ymm, 0, 16 * 32);
        Unsafe.InitBlock(state->X87, 0, 512);
        *(ushort*)state->X87 = ResetControlWord;
        *(uint*)(state->X87 + 24) = ResetMxcsr;
        state->X87Loaded = 0;
    }
}
