using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>MOVS, STOS, LODS, SCAS and CMPS, and the repetition of MOVS and STOS.</summary>
/// <remarks>
/// Registers change after the accesses, so that a fault leaves them as they were. Descending addresses are left to the
/// interpreter: DF is looked at when the instruction runs.
/// </remarks>
internal sealed unsafe class StringEmitter(TranslationContext context, MemoryEmitter memory, ControlFlowEmitter flow, CodeCache cache)
{
    private const HostRegister Rsi = HostRegister.Rsi;
    private const HostRegister Rdi = HostRegister.Rdi;

    // The forms for bytes are one below.
    private const int LoadOpcode = 0x8B;
    private const int StoreOpcode = 0x89;
    private const int CompareOpcode = 0x3B;

    private readonly HostEmitter _emitter = context.Emitter;

    /// <summary>Emits one element.</summary>
    public bool TryEmit(in Instruction instruction)
    {
        (StringKind kind, int size) = StringOperation.Decode(instruction.Code);
        int width = StringOperation.AddressSizeOf(instruction);
        EmitDirectionCheck(instruction);
        switch (kind)
        {
            case StringKind.Move:
                KeepSource(instruction, size, width);
                HostOperand to = Destination(size, width, write: true);
                _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.Scratch));
                Element(StoreOpcode, RegisterMap.Test, to, size);
                break;
            case StringKind.Store:
                Element(StoreOpcode, HostRegister.Rax, Destination(size, width, write: true), size);
                break;
            case StringKind.Load:
                Element(LoadOpcode, HostRegister.Rax, Source(instruction, size, width), size);
                break;
            case StringKind.Scan:
                Element(CompareOpcode, HostRegister.Rax, Destination(size, width, write: false), size);
                break;
            case StringKind.Compare:
                KeepSource(instruction, size, width);
                HostOperand with = Destination(size, width, write: false);
                _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.Scratch));
                Element(CompareOpcode, RegisterMap.Test, with, size);
                break;
            default:
                return false;
        }

        if (kind is not (StringKind.Store or StringKind.Scan))
            Advance(Rsi, size, width);
        if (kind != StringKind.Load)
            Advance(Rdi, size, width);
        return true;
    }

    /// <summary>
    /// Emits a repetition. The code after it is a block of its own, because the interpreter goes on there, too, when it has done
    /// what the stub left over.
    /// </summary>
    /// <returns>False when the interpreter has to do all of it.</returns>
    public bool TryRepeat(in Instruction instruction)
    {
        const HostRegister Counter = HostRegister.R11;
        (StringKind kind, int size) = StringOperation.Decode(instruction.Code);
        bool based = kind == StringKind.Move && instruction.MemorySegment is Register.FS or Register.GS;
        const ModeFlags ElementWise = ModeFlags.SingleStep | ModeFlags.AlignmentCheck;
        if (kind is not (StringKind.Move or StringKind.Store) || based || !context.Is64Bit || (context.Mode & ElementWise) != 0 ||
            StringOperation.AddressSizeOf(instruction) != 8)
        {
            return false;
        }

        _emitter.Move(RegisterMap.Test, Counter);
        byte* nothing = _emitter.JumpIfRcxZero();
        _emitter.Call(cache.StringStubs.Of(kind, size, TlbMode.Of(context.Mode)));
        byte* done = _emitter.JumpIfRcxZero();
        Interpret(instruction);
        _emitter.BindShort(nothing);
        _emitter.BindShort(done);
        flow.JumpTo(context.NextOffset, narrow: false);
        return true;
    }

    private void EmitDirectionCheck(in Instruction instruction)
    {
        _emitter.Memory(wide: false, 0x0FB6, (int)RegisterMap.Test, HostOperand.Field(FieldOffsets.Direction)); // movzx ecx, [Direction]
        byte* ascends = _emitter.JumpIfRcxZero();
        Interpret(instruction);
        _emitter.BindShort(ascends);
    }

    private void Interpret(in Instruction instruction) =>
        flow.ExitToKept(cache.Stubs.Interpret, cache.Keep(new KeptInstruction(instruction, KeptReason.Interpret, InstructionUnit.Integer)), KeptReason.Interpret);

    /// <summary>Puts the element at RSI where it outlives the next access.</summary>
    private void KeepSource(in Instruction instruction, int size, int width)
    {
        Element(LoadOpcode, RegisterMap.Test, Source(instruction, size, width), size);
        _emitter.Store(HostOperand.Field(FieldOffsets.Scratch), RegisterMap.Test);
    }

    private HostOperand Source(in Instruction instruction, int size, int width)
    {
        var detail = new AccessDetail(context.Offset, size, read: true, write: false, locked: false);
        return Access(Rsi, width, detail, MemoryEmitter.Segment(instruction.MemorySegment));
    }

    /// <summary>The element at RDI, which no prefix takes out of ES.</summary>
    private HostOperand Destination(int size, int width, bool write) =>
        Access(Rdi, width, new AccessDetail(context.Offset, size, !write, write, locked: false), SegmentName.ES);

    private HostOperand Access(HostRegister pointer, int width, AccessDetail detail, SegmentName segment)
    {
        HostRegister address = RegisterMap.Address;
        if (width == 8)
            address = pointer;
        else if (width == 4)
            _emitter.Move32(address, pointer);
        else
            _emitter.ZeroExtend16(address, pointer);
        return memory.Check(address, detail, segment);
    }

    private void Advance(HostRegister pointer, int bytes, int width)
    {
        var next = new HostOperand(pointer, bytes);
        if (width == 8)
        {
            _emitter.Lea(pointer, next);
        }
        else if (width == 4)
        {
            _emitter.Lea32(pointer, next);
        }
        else
        {
            _emitter.Lea32(RegisterMap.Test, next);
            _emitter.Move16(pointer, RegisterMap.Test);
        }
    }

    private void Element(int opcode, HostRegister register, in HostOperand operand, int size)
    {
        if (size == 2)
            _emitter.Byte(0x66);
        _emitter.Memory(wide: size == 8, size == 1 ? opcode - 1 : opcode, (int)register, operand);
    }
}
