using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>System instructions that kernels execute all the time, in 64-bit code: base registers, time stamps, control registers, SMAP's switch.</summary>
/// <remarks>
/// What depends on the privilege level beyond level 3 looks at it when it runs: the mode does not tell levels 0 to 2 apart.
/// Nothing here touches the flags.
/// </remarks>
internal sealed unsafe class SystemEmitter(TranslationContext context, NativeEmitter native, ControlFlowEmitter flow, CodeCache cache)
{
    private const HostRegister GuestRax = HostRegister.Rax;
    private const HostRegister GuestRdx = HostRegister.Rdx;
    private const HostRegister GuestRcx = HostRegister.R11;

    private readonly HostEmitter _emitter = context.Emitter;

    /// <summary>The host's time-stamp counter runs at the guest's pace.</summary>
    public required bool HasNativeTimestamp { get; init; }

    /// <summary>Gives the number of a mode; false when there is none left.</summary>
    public required TryNumber TryNumberOf { get; init; }

    internal delegate bool TryNumber(ModeFlags mode, out int number);

    /// <summary>SWAPGS.</summary>
    public bool TrySwapBase(in Instruction instruction)
    {
        if (!IsKernelCode)
            return false;
        RequireLevel0(instruction);
        HostOperand gs = Base(SegmentName.GS);
        HostOperand other = HostOperand.Field(FieldOffsets.KernelGsBase);
        _emitter.Load(RegisterMap.Test, gs);
        _emitter.Load(RegisterMap.Addend, other);
        _emitter.Store(gs, RegisterMap.Addend);
        _emitter.Store(other, RegisterMap.Test);
        return true;
    }

    /// <summary>RDFSBASE and RDGSBASE.</summary>
    public bool TryReadBase(in Instruction instruction)
    {
        if (!MayUseBases)
            return false;
        _emitter.Load(RegisterMap.Test, Base(instruction.Mnemonic == Mnemonic.Rdfsbase ? SegmentName.FS : SegmentName.GS));
        native.Write(instruction.Op0Register, RegisterMap.Test);
        return true;
    }

    /// <summary>WRFSBASE and WRGSBASE.</summary>
    public bool TryWriteBase(in Instruction instruction)
    {
        if (!MayUseBases)
            return false;
        native.Read(RegisterMap.Address, instruction.Op0Register);
        if (instruction.Op0Register.GetSize() == 8)
        {
            flow.TestCanonical(out byte* lower, out byte* upper);
            Leave(instruction);
            _emitter.BindShort(lower);
            _emitter.BindShort(upper);
        }

        _emitter.Store(Base(instruction.Mnemonic == Mnemonic.Wrfsbase ? SegmentName.FS : SegmentName.GS), RegisterMap.Address);
        return true;
    }

    /// <summary>MOV from CR0, CR2, CR3 or CR4.</summary>
    public bool TryReadControl(in Instruction instruction)
    {
        int field = instruction.Op1Register switch
        {
            Register.CR0 => FieldOffsets.Cr0,
            Register.CR2 => FieldOffsets.Cr2,
            Register.CR3 => FieldOffsets.Cr3,
            Register.CR4 => FieldOffsets.Cr4,
            _ => -1,
        };
        if (!IsKernelCode || field < 0)
            return false;
        RequireLevel0(instruction);
        _emitter.Load(RegisterMap.Test, HostOperand.Field(field));
        native.Write(instruction.Op0Register, RegisterMap.Test);
        return true;
    }

    /// <summary>RDTSC and RDTSCP.</summary>
    public bool TryReadTimestamp(in Instruction instruction)
    {
        const int HalfBits = 32;
        if (!context.Is64Bit || !HasNativeTimestamp)
            return false;
        if ((context.Mode & ModeFlags.User) != 0)
        {
            _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.Cr4));
            _emitter.Pext(RegisterMap.Test, RegisterMap.Test, HostOperand.Field(FieldOffsets.TimeStampDisableMask));
            byte* allowed = _emitter.JumpIfRcxZero();
            Leave(instruction);
            _emitter.BindShort(allowed);
        }

        // RDTSCP waits for what came before it; not every host has it.
        if (instruction.Mnemonic == Mnemonic.Rdtscp)
            _emitter.Bytes([0x0F, 0xAE, 0xE8]); // lfence
        _emitter.Bytes([0x0F, 0x31]); // rdtsc
        _emitter.LoadImmediate(RegisterMap.Test, HalfBits);
        _emitter.Shlx(GuestRdx, GuestRdx, RegisterMap.Test);
        _emitter.Load(RegisterMap.Addend, HostOperand.Field(FieldOffsets.TscOffset));
        _emitter.Lea(GuestRax, new HostOperand(GuestRax, GuestRdx, 1, 0));
        _emitter.Lea(GuestRax, new HostOperand(GuestRax, RegisterMap.Addend, 1, 0));
        _emitter.Shrx(GuestRdx, GuestRax, RegisterMap.Test);
        _emitter.Move32(GuestRax, GuestRax);
        if (instruction.Mnemonic == Mnemonic.Rdtscp)
            _emitter.Load32(GuestRcx, HostOperand.Field(FieldOffsets.TscAux));
        return true;
    }

    /// <summary>STAC and CLAC: what follows runs in another mode.</summary>
    public bool TryChangeAlignmentCheck(in Instruction instruction)
    {
        bool set = instruction.Mnemonic == Mnemonic.Stac;
        ModeFlags mode = set ? context.Mode & ~ModeFlags.Smap : context.Mode | ModeFlags.Smap;
        if (!IsKernelCode || context.IsSingleStep || !TryNumberOf(mode, out int number))
            return false;
        if (mode == context.Mode)
        {
            // SMAP's mode means that AC is clear. Without it AC is set, or CR4.SMAP is clear and C# decides.
            if (set)
                return false;
            RequireLevel0(instruction);
            flow.JumpTo(context.NextOffset, narrow: false);
            return true;
        }

        RequireLevel0(instruction);
        _emitter.Load(RegisterMap.Addend, HostOperand.Field(FieldOffsets.SystemFlags));
        if (!set)
        {
            RequireSet(HostOperand.Field(FieldOffsets.Cr4), FieldOffsets.SmapMask, instruction);
            RequireSet(HostOperand.Field(FieldOffsets.SystemFlags), FieldOffsets.AlignmentCheckMask, instruction);
        }

        int flag = (int)Rflags.AlignmentCheck;
        _emitter.Lea(RegisterMap.Addend, new HostOperand(RegisterMap.Addend, set ? flag : -flag));
        _emitter.Store(HostOperand.Field(FieldOffsets.SystemFlags), RegisterMap.Addend);
        _emitter.StoreImmediate32(HostOperand.Field(FieldOffsets.Mode), (int)mode);
        _emitter.LoadImmediate(RegisterMap.Test, number);
        context.IsTiedToRun = true;
        _emitter.Store(HostOperand.Field(FieldOffsets.ModeSalt), RegisterMap.Test);
        _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.OtherReturnStack));
        _emitter.Store(HostOperand.Field(FieldOffsets.OtherReturnStack), HostRegister.Rsp);
        _emitter.Move(HostRegister.Rsp, RegisterMap.Test);
        flow.LookUpOffset(context.NextOffset, narrow: false);
        return true;
    }

    /// <summary>SYSCALL, SYSRETQ and IRETQ.</summary>
    public bool TryTransition(in Instruction instruction)
    {
        if (!context.Is64Bit || context.IsSingleStep)
            return false;
        if (instruction.Mnemonic == Mnemonic.Syscall)
        {
            _emitter.Load(RegisterMap.Address, HostOperand.Field(FieldOffsets.PageRip));
            _emitter.Lea(RegisterMap.Address, new HostOperand(RegisterMap.Address, context.NextOffset));
        }

        flow.ExitToKept(instruction.Mnemonic switch
        {
            Mnemonic.Syscall => cache.Stubs.SystemCall,
            Mnemonic.Sysretq => cache.Stubs.SystemReturn,
            _ => cache.Stubs.InterruptReturn,
        }, Keep(instruction), KeptReason.Interpret);
        return true;
    }

    private int Keep(in Instruction instruction) => cache.Keep(new KeptInstruction(instruction, KeptReason.Interpret, InstructionUnit.Integer));

    /// <summary>Hands the instruction to C#.</summary>
    private void Leave(in Instruction instruction) => flow.ExitToKept(cache.Stubs.Interpret, Keep(instruction), KeptReason.Interpret);

    private bool IsKernelCode => context.Is64Bit && (context.Mode & ModeFlags.User) == 0;

    private bool MayUseBases => context.Is64Bit && (context.Mode & ModeFlags.FsGsBase) != 0;

    private static HostOperand Base(SegmentName segment) => HostOperand.Field(FieldOffsets.SegmentBase + ((int)segment * 8));

    private void RequireLevel0(in Instruction instruction)
    {
        _emitter.Memory(wide: false, 0x0FB6, (int)RegisterMap.Test, HostOperand.Field(FieldOffsets.Cpl)); // movzx ecx, byte
        byte* allowed = _emitter.JumpIfRcxZero();
        Leave(instruction);
        _emitter.BindShort(allowed);
    }

    /// <summary>Hands the instruction to C# unless the bit of a mask is set in a field.</summary>
    private void RequireSet(in HostOperand field, int mask, in Instruction instruction)
    {
        _emitter.Load(RegisterMap.Test, field);
        _emitter.Pext(RegisterMap.Test, RegisterMap.Test, HostOperand.Field(mask));
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, -1));
        byte* isSet = _emitter.JumpIfRcxZero();
        Leave(instruction);
        _emitter.BindShort(isSet);
    }
}
