using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>XSAVE, XSAVEOPT, XSAVEC and XRSTOR for x87, SSE and AVX state (Intel SDM Vol. 1, chapter 13).</summary>
/// <remarks>
/// XSAVEOPT leaves out initial components, but does not track what changed since XRSTOR.
/// </remarks>
internal sealed unsafe class XsaveInstructions
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly WideOperands _operands;
    private readonly GuestFpu _fpu;
    private readonly FeatureGate _gate;
    private readonly XrstorInstruction _restore;

    // SAFETY: the state block outlives the interpreter; all offsets lie within XsaveArea.Length bytes.
    public XsaveInstructions(VcpuState* state, GuestAccess access, WideOperands operands, GuestFpu fpu, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _operands = operands;
        _fpu = fpu;
        _gate = gate;
        _restore = new XrstorInstruction(state, access, fpu);
    }

    public StepResult Execute(in Instruction instruction)
    {
        if (!_gate.TryXsave())
            return StepResult.Fault;
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        ulong requested = _state->Xcr0 & ((_state->Gpr[GeneralRegister.Rdx] << 32) | (uint)_state->Gpr[GeneralRegister.Rax]);
        bool restores = instruction.Mnemonic is Mnemonic.Xrstor or Mnemonic.Xrstor64;
        MemoryAccess access = restores ? MemoryAccess.Read : MemoryAccess.Write;
        if (!_operands.TryRequire(segment, offset, XsaveArea.AvxOffset, access, 64))
            return StepResult.Fault;

        bool done = instruction.Mnemonic switch
        {
            Mnemonic.Xrstor or Mnemonic.Xrstor64 => _restore.TryRestore(segment, offset, requested),
            Mnemonic.Xsave or Mnemonic.Xsave64 => TrySave(segment, offset, requested),
            Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64 => TrySaveOptimized(segment, offset, requested),
            _ => TrySaveCompacted(segment, offset, requested),
        };
        return done ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    private int Registers => (_state->Mode & (uint)ModeFlags.Long) != 0 ? 16 : 8;

    private bool TrySave(SegmentName segment, ulong offset, ulong requested) =>
        TryProbe(segment, offset, requested)
        && TryWriteComponents(segment, offset, requested, WritesMxcsr(requested))
        && TryWritePresence(segment, offset, requested, InUse(requested));

    private bool TrySaveOptimized(SegmentName segment, ulong offset, ulong requested)
    {
        ulong inUse = InUse(requested);
        return TryProbe(segment, offset, requested)
            && TryWriteComponents(segment, offset, inUse, WritesMxcsr(requested))
            && TryWritePresence(segment, offset, requested, inUse);
    }

    private bool TrySaveCompacted(SegmentName segment, ulong offset, ulong requested)
    {
        // Here alone MXCSR belongs to the SSE component.
        ulong inUse = InUse(requested);
        if (_state->Mxcsr != Mxcsr.Initial)
            inUse |= requested & XsaveArea.Sse;
        return TryProbe(segment, offset, requested)
            && TryWriteComponents(segment, offset, inUse, (inUse & XsaveArea.Sse) != 0)
            && _access.TryWrite(segment, offset + XsaveArea.HeaderOffset, 8, inUse)
            && _access.TryWrite(segment, offset + XsaveArea.XcompOffset, 8, XsaveArea.Compacted | requested);
    }

    private static bool WritesMxcsr(ulong requested) => (requested & (XsaveArea.Sse | XsaveArea.Avx)) != 0;

    /// <summary>XINUSE of the requested components.</summary>
    private ulong InUse(ulong requested)
    {
        ulong inUse = 0;
        if ((requested & XsaveArea.X87) != 0)
        {
            _fpu.Claim();
            inUse |= _fpu.IsInUse ? XsaveArea.X87 : 0;
        }

        if (VectorFile.AnyHalfSet(_state, upper: false, Registers))
            inUse |= XsaveArea.Sse;
        if (VectorFile.AnyHalfSet(_state, upper: true, Registers))
            inUse |= XsaveArea.Avx;
        return inUse & requested;
    }

    private bool TryProbe(SegmentName segment, ulong offset, ulong requested)
    {
        int length = (requested & XsaveArea.Avx) != 0 ? XsaveArea.Length : XsaveArea.AvxOffset;
        return _operands.TryProbeWrite(segment, offset, length);
    }

    private bool TryWriteComponents(SegmentName segment, ulong offset, ulong components, bool writesMxcsr)
    {
        byte* area = stackalloc byte[XsaveArea.Length];
        int halves = Registers * 16;
        if ((components & XsaveArea.X87) != 0)
        {
            _fpu.Claim();
            _fpu.Store(area);
            if (!TryWritePart(segment, offset, area, 0, XsaveArea.X87HeadLength)
                || !TryWritePart(segment, offset, area, XsaveArea.RegistersOffset, XsaveArea.RegistersLength))
            {
                return false;
            }
        }

        *(uint*)(area + XsaveArea.MxcsrOffset) = _state->Mxcsr;
        *(uint*)(area + XsaveArea.MxcsrOffset + 4) = Mxcsr.Mask;
        if (writesMxcsr && !TryWritePart(segment, offset, area, XsaveArea.MxcsrOffset, XsaveArea.MxcsrLength))
            return false;

        VectorFile.StoreHalves(_state, upper: false, Registers, area + XsaveArea.XmmOffset);
        VectorFile.StoreHalves(_state, upper: true, Registers, area + XsaveArea.AvxOffset);
        return ((components & XsaveArea.Sse) == 0 || TryWritePart(segment, offset, area, XsaveArea.XmmOffset, halves))
            && ((components & XsaveArea.Avx) == 0 || TryWritePart(segment, offset, area, XsaveArea.AvxOffset, halves));
    }

    private bool TryWritePart(SegmentName segment, ulong offset, byte* area, int start, int length) =>
        _access.TryWriteBytes(segment, offset + (ulong)start, new ReadOnlySpan<byte>(area + start, length));

    /// <summary>XSTATE_BV: the bits that were not asked for stay.</summary>
    private bool TryWritePresence(SegmentName segment, ulong offset, ulong requested, ulong inUse)
    {
        offset += XsaveArea.HeaderOffset;
        return _access.TryRead(segment, offset, 8, out ulong old)
            && _access.TryWrite(segment, offset, 8, (old & ~requested) | inUse);
    }
}
