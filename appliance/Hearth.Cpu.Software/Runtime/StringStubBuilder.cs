using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// Emits the machine code that repeats MOVS and STOS in 64-bit code (Intel SDM Vol. 2, REP). Blocks call it with the guest's
/// registers; RCX tells them how many elements are left, and the interpreter goes on with those.
/// </summary>
/// <remarks>
/// The host's own REP runs on host addresses, one chunk after the other, each within one page on either side, so that no fault
/// can interrupt it. RSI, RDI and R11 (the guest's RCX) are architectural between chunks, where a kick is looked for. What the
/// soft TLB does not vouch for is left over: devices, pages with code, watched pages, elements across pages; so are descending
/// addresses. The guest's flags survive in AH and AL, because POPFQ takes longer than many a copy.
/// </remarks>
internal sealed unsafe class StringStubBuilder
{
    private const int PageShift = 12;
    private const int AboveOffset = -1 << PageShift;

    // Condition codes of Jcc.
    private const int IfZero = 4;
    private const int IfNotZero = 5;

    private readonly HostEmitter _emitter;
    private readonly HostEncoder _encoder;
    private readonly List<nint> _leaves = [];

    private StringStubBuilder(HostEmitter emitter)
    {
        _emitter = emitter;
        _encoder = new HostEncoder(emitter);
    }

    public static StringStubs Emit(HostEmitter emitter)
    {
        var builder = new StringStubBuilder(emitter);
        var stubs = new StringStubs();
        for (int tlbMode = 0; tlbMode < TlbMode.Count; tlbMode++)
        {
            for (int shift = 0; shift < StringStubs.SizeCount; shift++)
            {
                stubs.Set(StringKind.Move, shift, tlbMode, builder.EmitMove(tlbMode, shift));
                stubs.Set(StringKind.Store, shift, tlbMode, builder.EmitStore(tlbMode, shift));
            }
        }

        return stubs;
    }

    /// <summary>R12 is the addend, R14 keeps the flags, RAX holds the value.</summary>
    private byte* EmitStore(int tlbMode, int shift)
    {
        byte* start = _emitter.Position;
        _emitter.Move(HostRegister.R12, HostRegister.Rax);
        SaveFlags();
        _emitter.Move(HostRegister.R14, HostRegister.Rax);
        _emitter.Move(HostRegister.Rax, HostRegister.R12);
        LeaveIfDescending();

        byte* again = _emitter.Position;
        LookUp(HostRegister.Rdi, HostRegister.Rcx, HostRegister.R12, tlbMode, TlbEntry.WriteTagOffset);
        LoadAddend(HostRegister.R12, HostRegister.Rcx, tlbMode);
        LoadRoom(Register.ECX, Register.EDI);
        TakeElements(shift);
        Op(Code.Add_r64_rm64, Register.RDI, Register.R12);
        Repeat(0xAA, shift);
        Op(Code.Sub_r64_rm64, Register.RDI, Register.R12);
        LoopUnlessDoneOrKicked(again);

        BindLeaves();
        _emitter.Move(HostRegister.Rcx, HostRegister.R11);
        _emitter.Move(HostRegister.R12, HostRegister.Rax);
        _emitter.Move(HostRegister.Rax, HostRegister.R14);
        RestoreFlags();
        _emitter.Move(HostRegister.Rax, HostRegister.R12);
        _emitter.Return();
        return start;
    }

    /// <summary>R12 is the destination's addend, R14 the source's.</summary>
    private byte* EmitMove(int tlbMode, int shift)
    {
        byte* start = _emitter.Position;
        _emitter.Push(HostRegister.Rax);
        SaveFlags();
        _emitter.Push(HostRegister.Rax);
        LeaveIfDescending();

        byte* again = _emitter.Position;
        LookUp(HostRegister.Rdi, HostRegister.Rax, HostRegister.R12, tlbMode, TlbEntry.WriteTagOffset);
        LookUp(HostRegister.Rsi, HostRegister.Rcx, HostRegister.R14, tlbMode, TlbEntry.ReadTagOffset);
        LoadAddend(HostRegister.R12, HostRegister.Rax, tlbMode);
        LoadAddend(HostRegister.R14, HostRegister.Rcx, tlbMode);
        LoadRoom(Register.EAX, Register.EDI);
        LoadRoom(Register.ECX, Register.ESI);
        Op(Code.Cmp_r32_rm32, Register.ECX, Register.EAX);
        Op(Code.Cmovl_r32_rm32, Register.ECX, Register.EAX);
        TakeElements(shift);
        Op(Code.Add_r64_rm64, Register.RDI, Register.R12);
        Op(Code.Add_r64_rm64, Register.RSI, Register.R14);
        Repeat(0xA4, shift);
        Op(Code.Sub_r64_rm64, Register.RDI, Register.R12);
        Op(Code.Sub_r64_rm64, Register.RSI, Register.R14);
        LoopUnlessDoneOrKicked(again);

        BindLeaves();
        _emitter.Move(HostRegister.Rcx, HostRegister.R11);
        _emitter.Pop(HostRegister.Rax);
        RestoreFlags();
        _emitter.Pop(HostRegister.Rax);
        _emitter.Return();
        return start;
    }

    /// <summary>SF, ZF, AF, PF and CF into AH, OF into AL as 0 or 1.</summary>
    private void SaveFlags()
    {
        Encode(Instruction.Create(Code.Lahf));
        Encode(Instruction.Create(Code.Seto_rm8, Register.AL));
    }

    /// <summary>1 + 127 overflows.</summary>
    private void RestoreFlags()
    {
        Encode(Instruction.Create(Code.Add_AL_imm8, Register.AL, (int)sbyte.MaxValue));
        Encode(Instruction.Create(Code.Sahf));
    }

    private void LeaveIfDescending()
    {
        _emitter.Memory(wide: false, 0x80, 7, HostOperand.Field(FieldOffsets.Direction)); // cmp byte [Direction], 0
        _emitter.Byte(0);
        LeaveIf(IfNotZero);
    }

    /// <summary>Finds the soft TLB's entry for an address, or leaves.</summary>
    /// <param name="slot">Becomes the offset of the entry.</param>
    private void LookUp(HostRegister address, HostRegister slot, HostRegister scratch, int tlbMode, int tag)
    {
        Register slot32 = RegisterMap.Name(slot, 4);
        Register page = RegisterMap.Name(scratch, 8);
        _emitter.Move32(slot, address);
        Op(Code.Shr_rm32_imm8, slot32, PageShift - TlbEntry.SizeShift);
        Op(Code.And_rm32_imm32, slot32, (VcpuState.TlbEntries - 1) << TlbEntry.SizeShift);
        _emitter.Move(scratch, address);
        Op(Code.And_rm64_imm32, page, AboveOffset);
        _emitter.Memory(wide: true, 0x03, (int)scratch, TlbWord(slot, tlbMode, tag)); // add page, tag
        LeaveIf(IfNotZero);
    }

    private void LoadAddend(HostRegister to, HostRegister slot, int tlbMode) =>
        _emitter.Load(to, TlbWord(slot, tlbMode, TlbEntry.AddendOffset));

    private static HostOperand TlbWord(HostRegister slot, int tlbMode, int field) =>
        new(RegisterMap.State, slot, 1, MemoryEmitter.TlbDisplacement(tlbMode, field));

    /// <summary>Minus the number of bytes from an address to the end of its page: of two, the greater one leaves less room.</summary>
    private void LoadRoom(Register to, Register address)
    {
        Op(Code.Mov_r32_rm32, to, address);
        Op(Code.Or_rm32_imm32, to, AboveOffset);
    }

    /// <summary>Takes off R11 what fits into the room (minus ECX bytes), and leaves when that is nothing; RCX becomes the elements.</summary>
    private void TakeElements(int shift)
    {
        Encode(Instruction.Create(Code.Neg_rm32, Register.ECX));
        if (shift != 0)
        {
            Op(Code.Shr_rm32_imm8, Register.ECX, shift);
            LeaveIf(IfZero);
        }

        Op(Code.Cmp_r64_rm64, Register.RCX, Register.R11);
        Op(Code.Cmova_r64_rm64, Register.RCX, Register.R11);
        Op(Code.Sub_r64_rm64, Register.R11, Register.RCX);
    }

    private void Repeat(byte byteOpcode, int shift)
    {
        const byte OperandSize = 0x66;
        const byte Rep = 0xF3;
        const byte RexW = 0x48;
        if (shift == 1)
            _emitter.Byte(OperandSize);
        _emitter.Byte(Rep);
        if (shift == 3)
            _emitter.Byte(RexW);
        _emitter.Byte((byte)(shift == 0 ? byteOpcode : byteOpcode + 1));
    }

    private void LoopUnlessDoneOrKicked(byte* again)
    {
        Op(Code.Test_rm64_r64, Register.R11, Register.R11);
        LeaveIf(IfZero);
        _emitter.Memory(wide: false, 0x83, 7, HostOperand.Field(FieldOffsets.Kick)); // cmp dword [Kick], 0
        _emitter.Byte(0);
        _emitter.JumpIf(IfZero, again);
    }

    private void LeaveIf(int condition) => _leaves.Add((nint)_emitter.JumpIf(condition));

    private void BindLeaves()
    {
        foreach (nint leave in _leaves)
            HostEmitter.Bind((byte*)leave, _emitter.Position);
        _leaves.Clear();
    }

    private void Op(Code code, Register to, Register from) => Encode(Instruction.Create(code, to, from));

    private void Op(Code code, Register to, int immediate) => Encode(Instruction.Create(code, to, immediate));

    private void Encode(in Instruction instruction)
    {
        if (!_encoder.TryEncode(instruction))
            throw new InvalidOperationException($"the host has no {instruction}");
    }
}
