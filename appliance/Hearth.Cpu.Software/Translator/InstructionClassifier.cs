using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Decides once for each opcode how it is treated, for one CPU model on this host.</summary>
/// <param name="features">What the model has, a flag for each <see cref="CpuidFeature"/>.</param>
/// <param name="absent">What the host's processor lacks of it: the interpreter executes it.</param>
internal sealed class InstructionClassifier(bool[] features, bool[] absent)
{
    // What the interpreter executes: system instructions, ports, far transfers, state images, scattered accesses, random numbers.
    private static readonly bool[] s_interpreted = DecoderSets.Of(
    [
        Mnemonic.In, Mnemonic.Out, Mnemonic.Insb, Mnemonic.Insw, Mnemonic.Insd, Mnemonic.Outsb, Mnemonic.Outsw, Mnemonic.Outsd,
        Mnemonic.Pusha, Mnemonic.Pushad, Mnemonic.Popa, Mnemonic.Popad, Mnemonic.Enter, Mnemonic.Bound, Mnemonic.Xlatb,
        Mnemonic.Aaa, Mnemonic.Aas, Mnemonic.Aam, Mnemonic.Aad, Mnemonic.Daa, Mnemonic.Das, Mnemonic.Salc,
        Mnemonic.Popf, Mnemonic.Pushf,
        Mnemonic.Fxsave, Mnemonic.Fxsave64, Mnemonic.Fxrstor, Mnemonic.Fxrstor64, Mnemonic.Fnsave, Mnemonic.Fsave, Mnemonic.Frstor,
        Mnemonic.Fnstenv, Mnemonic.Fstenv, Mnemonic.Fldenv,
        Mnemonic.Xsave, Mnemonic.Xsave64, Mnemonic.Xsaveopt, Mnemonic.Xsaveopt64, Mnemonic.Xsavec, Mnemonic.Xsavec64,
        Mnemonic.Xrstor, Mnemonic.Xrstor64, Mnemonic.Xgetbv, Mnemonic.Xsetbv,
        Mnemonic.Maskmovq, Mnemonic.Maskmovdqu, Mnemonic.Vmaskmovdqu, Mnemonic.Vmaskmovps, Mnemonic.Vmaskmovpd, Mnemonic.Vpmaskmovd, Mnemonic.Vpmaskmovq,
        Mnemonic.Vgatherdps, Mnemonic.Vgatherdpd, Mnemonic.Vgatherqps, Mnemonic.Vgatherqpd,
        Mnemonic.Vpgatherdd, Mnemonic.Vpgatherdq, Mnemonic.Vpgatherqd, Mnemonic.Vpgatherqq,
        Mnemonic.Int, Mnemonic.Int1, Mnemonic.Int3, Mnemonic.Into, Mnemonic.Iret, Mnemonic.Iretd, Mnemonic.Retf,
        Mnemonic.Sysret, Mnemonic.Sysenter, Mnemonic.Sysexit, Mnemonic.Sysexitq,
        Mnemonic.Lgdt, Mnemonic.Lidt, Mnemonic.Sgdt, Mnemonic.Sidt, Mnemonic.Lldt, Mnemonic.Ltr, Mnemonic.Sldt, Mnemonic.Str,
        Mnemonic.Smsw, Mnemonic.Lmsw, Mnemonic.Clts, Mnemonic.Invlpg, Mnemonic.Invpcid, Mnemonic.Wbinvd, Mnemonic.Wbnoinvd, Mnemonic.Invd, Mnemonic.Hlt,
        Mnemonic.Rdmsr, Mnemonic.Wrmsr, Mnemonic.Rdpmc, Mnemonic.Cpuid, Mnemonic.Rdpid,
        Mnemonic.Arpl, Mnemonic.Verr, Mnemonic.Verw, Mnemonic.Lar, Mnemonic.Lsl, Mnemonic.Monitor, Mnemonic.Mwait,
        Mnemonic.Lds, Mnemonic.Les, Mnemonic.Lfs, Mnemonic.Lgs, Mnemonic.Lss, Mnemonic.Rsm,
        Mnemonic.Clflush, Mnemonic.Clflushopt, Mnemonic.Rdrand, Mnemonic.Rdseed,

        // AMD hosts accept a bit of MXCSR that the models do not have.
        Mnemonic.Ldmxcsr, Mnemonic.Vldmxcsr,
    ]);

    // Hints, and what later processors made of the reserved NOPs 0F 18 to 0F 1F: without those features they do nothing.
    private static readonly bool[] s_nops = DecoderSets.Of(
    [
        Mnemonic.Nop, Mnemonic.Prefetch, Mnemonic.Prefetchw, Mnemonic.Prefetchnta, Mnemonic.Prefetcht0, Mnemonic.Prefetcht1,
        Mnemonic.Prefetcht2, Mnemonic.Prefetchwt1, Mnemonic.Endbr32, Mnemonic.Endbr64, Mnemonic.Reservednop,
        Mnemonic.Rdsspd, Mnemonic.Rdsspq, Mnemonic.Cldemote, Mnemonic.Prefetchit0, Mnemonic.Prefetchit1,
    ]);

    // Of these, only divisions fault for what they compute, and WAIT for what came before it.
    private static readonly bool[] s_integer = DecoderSets.Of(
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL8086_ONLY, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486, CpuidFeature.X64,
        CpuidFeature.CMOV, CpuidFeature.CX8, CpuidFeature.MULTIBYTENOP, CpuidFeature.PAUSE, CpuidFeature.POPCNT, CpuidFeature.LZCNT, CpuidFeature.MOVBE,
        CpuidFeature.BMI1, CpuidFeature.BMI2, CpuidFeature.ADX,
    ]);

    private readonly InstructionKind[] _kinds = new InstructionKind[DecoderSets.CodeCapacity];
    private readonly InstructionUnit[] _units = new InstructionUnit[DecoderSets.CodeCapacity];
    private readonly bool[] _mayFaultOnHost = new bool[DecoderSets.CodeCapacity];

    /// <summary>Prefixes that older processors ignore select an older instruction there (REP BSF is BSF, not TZCNT).</summary>
    public DecoderOptions DecoderOptions { get; } = DecoderOptions.NoWbnoinvd |
        (features[(int)CpuidFeature.BMI1] ? DecoderOptions.None : DecoderOptions.NoMPFX_0FBC) |
        (features[(int)CpuidFeature.LZCNT] ? DecoderOptions.None : DecoderOptions.NoMPFX_0FBD);

    public InstructionKind KindOf(in Instruction instruction)
    {
        ref InstructionKind kind = ref _kinds[(int)instruction.Code];
        if (kind == InstructionKind.Unknown)
        {
            kind = Classify(instruction);
            _units[(int)instruction.Code] = UnitOf(instruction);
            _mayFaultOnHost[(int)instruction.Code] = !IsSilent(instruction);
        }

        if (kind == InstructionKind.String && (instruction.HasRepPrefix || instruction.HasRepnePrefix))
            return InstructionKind.RepeatedString;

        // One opcode, two meanings: the register forms of BT and its kin stay within the operand; a selector is stored by C#.
        if (kind == InstructionKind.BitString && instruction.Op0Kind != OpKind.Memory)
            return InstructionKind.Native;
        if (kind == InstructionKind.MoveSelector && instruction.Op0Kind == OpKind.Memory)
            return InstructionKind.Interpret;
        return kind;
    }

    /// <summary>Valid after <see cref="KindOf"/> for the same opcode.</summary>
    public InstructionUnit UnitOf(Code code) => _units[(int)code];

    /// <summary>
    /// True for what, executed by the host's processor, may raise an exception there that is the guest's: #DE, those of the x87, MMX and vector units, and the #GP of an
    /// operand that is not aligned. Valid after <see cref="KindOf"/> for the same opcode.
    /// </summary>
    public bool MayFaultOnHost(Code code) => _mayFaultOnHost[(int)code];

    private InstructionKind Classify(in Instruction instruction)
    {
        if (instruction.IsInvalid)
            return InstructionKind.Invalid;
        if (s_nops[(int)instruction.Mnemonic])
            return InstructionKind.Nop;

        // Of VMX and SVM, which no model has; in a guest they call the hypervisor.
        if (instruction.Code is Code.Vmcall or Code.Vmmcall)
            return InstructionKind.Interpret;
        if (!Promised(instruction))
            return InstructionKind.Invalid;
        InstructionKind system = SystemKind(instruction);
        if (system != InstructionKind.Unknown)
            return system;
        if (s_interpreted[(int)instruction.Mnemonic] || IsAbsent(instruction))
            return InstructionKind.Interpret;

        if (instruction.Code is Code.Mov_rm16_Sreg or Code.Mov_r32m16_Sreg or Code.Mov_r64m16_Sreg)
            return InstructionKind.MoveSelector;

        // MOVSD and CMPSD are strings or vectors by their opcode, and strings have no vector encoding.
        if (instruction.IsStringInstruction)
            return InstructionKind.String;
        if (TouchesSystemRegister(instruction))
            return InstructionKind.Interpret;
        return ByMnemonic(instruction);
    }

    /// <summary>System instructions that are translated in 64-bit code; elsewhere they are interpreted.</summary>
    private static InstructionKind SystemKind(in Instruction instruction) => instruction.Code switch
    {
        Code.Syscall or Code.Sysretq or Code.Iretq => InstructionKind.Transition,
        Code.Stac or Code.Clac => InstructionKind.ChangeAlignmentCheck,
        Code.Swapgs => InstructionKind.SwapBase,
        Code.Rdfsbase_r32 or Code.Rdfsbase_r64 or Code.Rdgsbase_r32 or Code.Rdgsbase_r64 => InstructionKind.ReadBase,
        Code.Wrfsbase_r32 or Code.Wrfsbase_r64 or Code.Wrgsbase_r32 or Code.Wrgsbase_r64 => InstructionKind.WriteBase,
        Code.Rdtsc or Code.Rdtscp => InstructionKind.ReadTimestamp,
        Code.Mov_r64_cr => InstructionKind.ReadControl,
        _ => InstructionKind.Unknown,
    };

    private static InstructionKind ByMnemonic(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Lea:
                return InstructionKind.Lea;
            case Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc:
                return instruction.OpCount == 2 && instruction.Op1Kind == OpKind.Register ? InstructionKind.BitString : InstructionKind.Native;
            case Mnemonic.Push:
                return InstructionKind.Push;
            case Mnemonic.Pop:
                return InstructionKind.Pop;
            case Mnemonic.Pushfd or Mnemonic.Pushfq:
                return InstructionKind.PushFlags;
            case Mnemonic.Popfd or Mnemonic.Popfq:
                return InstructionKind.PopFlags;
            case Mnemonic.Leave:
                return InstructionKind.Leave;
            case Mnemonic.Cli:
                return InstructionKind.ClearInterrupt;
            case Mnemonic.Sti:
                return InstructionKind.SetInterrupt;
            case Mnemonic.Cld:
                return InstructionKind.ClearDirection;
            case Mnemonic.Std:
                return InstructionKind.SetDirection;
            case Mnemonic.Ret:
                return InstructionKind.Return;
            case Mnemonic.Jcxz or Mnemonic.Jecxz or Mnemonic.Jrcxz or Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne:
                return InstructionKind.JumpCounter;
            case Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2:
                return InstructionKind.Invalid;
            default:
                return ByFlow(instruction);
        }
    }

    private static InstructionKind ByFlow(in Instruction instruction)
    {
        switch (instruction.FlowControl)
        {
            case FlowControl.Next:
                return InstructionKind.Native;
            case FlowControl.ConditionalBranch:
                return InstructionKind.JumpConditional;
            case FlowControl.UnconditionalBranch when instruction.IsJmpShortOrNear:
                return InstructionKind.Jump;
            case FlowControl.IndirectBranch when instruction.IsJmpNearIndirect:
                return InstructionKind.JumpIndirect;
            case FlowControl.Call when instruction.IsCallNear:
                return InstructionKind.Call;
            case FlowControl.IndirectCall when instruction.IsCallNearIndirect:
                return InstructionKind.CallIndirect;
            default:
                return InstructionKind.Interpret;
        }
    }

    private bool Promised(in Instruction instruction)
    {
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (!features[(int)feature])
                return false;
        }

        return true;
    }

    private bool IsAbsent(in Instruction instruction)
    {
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (absent[(int)feature])
                return true;
        }

        return false;
    }

    /// <summary>True for what raises no exception on the host's processor once its memory operand is within reach.</summary>
    private static bool IsSilent(in Instruction instruction)
    {
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (!s_integer[(int)feature])
                return false;
        }

        return instruction.Mnemonic is not (Mnemonic.Div or Mnemonic.Idiv or Mnemonic.Wait);
    }

    private static bool TouchesSystemRegister(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) != OpKind.Register)
                continue;
            Register register = instruction.GetOpRegister(i);
            if (register.IsSegmentRegister() || register is (>= Register.CR0 and <= Register.CR15) or (>= Register.DR0 and <= Register.DR15) or (>= Register.TR0 and <= Register.TR7))
                return true;
        }

        return false;
    }

    private static InstructionUnit UnitOf(in Instruction instruction)
    {
        if (instruction.Mnemonic is Mnemonic.Emms)
            return InstructionUnit.X87;
        if (instruction.Mnemonic is Mnemonic.Ldmxcsr or Mnemonic.Stmxcsr)
            return InstructionUnit.Sse;
        if (instruction.Mnemonic is Mnemonic.Vldmxcsr or Mnemonic.Vstmxcsr or Mnemonic.Vzeroall or Mnemonic.Vzeroupper)
            return InstructionUnit.Avx;
        var unit = InstructionUnit.Integer;
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (feature is CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387)
                unit = InstructionUnit.X87;
        }

        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) != OpKind.Register)
                continue;
            Register register = instruction.GetOpRegister(i);
            if (register.IsYMM() || (register.IsXMM() && instruction.Encoding == EncodingKind.VEX))
                unit = InstructionUnit.Avx;
            else if (register.IsXMM() && unit != InstructionUnit.Avx)
                unit = InstructionUnit.Sse;
            else if ((register.IsMM() || register.IsST()) && unit == InstructionUnit.Integer)
                unit = InstructionUnit.X87;
        }

        return unit;
    }
}
