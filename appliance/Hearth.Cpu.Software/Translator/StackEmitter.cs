using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>PUSH, POP, PUSHF and LEAVE, and the stack part of CALL and RET.</summary>
/// <remarks>The stack pointer changes after the access, so that a fault leaves it as it was.</remarks>
internal sealed class StackEmitter(TranslationContext context, MemoryEmitter memory)
{
    private const HostRegister Rsp = HostRegister.R13;
    private const HostRegister Rbp = HostRegister.Rbp;

    private readonly HostEmitter _emitter = context.Emitter;

    public void Push(in Instruction instruction)
    {
        int size = OperandSize(instruction);
        switch (instruction.Op0Kind)
        {
            case OpKind.Register:
                PushRegister(RegisterMap.GuestNumber(instruction.Op0Register), size);
                break;
            case OpKind.Memory:
                HostOperand source = memory.Access(instruction, size, read: true, write: false);
                _emitter.Load(RegisterMap.Test, source, size);
                _emitter.Store(HostOperand.Field(FieldOffsets.Scratch), RegisterMap.Test);
                PushScratch(size);
                break;
            default:
                HostOperand to = PushAccess(size);
                _emitter.LoadImmediate(RegisterMap.Test, (long)instruction.GetImmediate(0));
                _emitter.Store(to, RegisterMap.Test, size);
                AdjustStackPointer(-size);
                break;
        }
    }

    /// <summary>Pushes <see cref="VcpuState.Scratch"/>.</summary>
    public void PushScratch(int size)
    {
        HostOperand to = PushAccess(size);
        _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.Scratch));
        _emitter.Store(to, RegisterMap.Test, size);
        AdjustStackPointer(-size);
    }

    /// <summary>Pushes the address of a place in the page.</summary>
    public void PushReturnAddress(int offset, int size)
    {
        HostOperand to = PushAccess(size);
        _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.PageRip));
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, offset));
        _emitter.Store(to, RegisterMap.Test, size);
        AdjustStackPointer(-size);
    }

    public void Pop(in Instruction instruction)
    {
        int size = OperandSize(instruction);
        HostOperand from = PopAccess(Rsp, size);
        if (instruction.Op0Kind == OpKind.Memory)
        {
            PopToMemory(instruction, from, size);
            return;
        }

        int guest = RegisterMap.GuestNumber(instruction.Op0Register);
        _emitter.Load(RegisterMap.Test, from, size);
        if (guest != RegisterMap.GuestRsp || size == 2)
            AdjustStackPointer(size);
        HostRegister to = RegisterMap.Host(guest);
        if (to == HostRegister.None)
            _emitter.Store(RegisterMap.Home(guest), RegisterMap.Test, size);
        else if (size == 2)
            _emitter.Move16(to, RegisterMap.Test);
        else
            _emitter.Move(to, RegisterMap.Test);
    }

    /// <summary>Several pushes of 64-bit registers at once.</summary>
    /// <returns>Past the displacement of the jump that is taken when they have to be done one by one.</returns>
    public unsafe byte* PushRun(ReadOnlySpan<Instruction> pushes)
    {
        int length = pushes.Length * sizeof(ulong);
        _emitter.Lea(RegisterMap.Address, new HostOperand(Rsp, -length));
        byte* miss = memory.CheckRange(RegisterMap.Address, length, isWrite: true);
        for (int i = 0; i < pushes.Length; i++)
        {
            int guest = RegisterMap.GuestNumber(pushes[i].Op0Register);
            HostRegister from = RegisterMap.Host(guest);
            if (from == HostRegister.None)
            {
                from = RegisterMap.Test;
                _emitter.Load(from, RegisterMap.Home(guest));
            }

            _emitter.Store(new HostOperand(RegisterMap.Address, RegisterMap.Addend, 1, length - ((i + 1) * sizeof(ulong))), from);
        }

        _emitter.Move(Rsp, RegisterMap.Address);
        return miss;
    }

    /// <summary>Several pops of 64-bit registers at once.</summary>
    /// <param name="returns">What is above them is loaded into R14, and stays on the stack.</param>
    /// <returns>Past the displacement of the jump that is taken when they have to be done one by one.</returns>
    public unsafe byte* PopRun(ReadOnlySpan<Instruction> pops, bool returns)
    {
        int length = pops.Length * sizeof(ulong);
        byte* miss = memory.CheckRange(Rsp, returns ? length + sizeof(ulong) : length, isWrite: false);
        for (int i = 0; i < pops.Length; i++)
        {
            int guest = RegisterMap.GuestNumber(pops[i].Op0Register);
            HostRegister to = RegisterMap.Host(guest);
            _emitter.Load(to == HostRegister.None ? RegisterMap.Test : to, new HostOperand(Rsp, RegisterMap.Addend, 1, i * sizeof(ulong)));
            if (to == HostRegister.None)
                _emitter.Store(RegisterMap.Home(guest), RegisterMap.Test);
        }

        if (returns)
            _emitter.Load(RegisterMap.Address, new HostOperand(Rsp, RegisterMap.Addend, 1, length));
        AdjustStackPointer(length);
        return miss;
    }

    /// <summary>Loads the value at the top of the stack into R14.</summary>
    public void LoadTop(int size) => _emitter.Load(RegisterMap.Address, PopAccess(Rsp, size), size);

    /// <summary>Takes bytes off the stack.</summary>
    /// <remarks>Changes RCX at most.</remarks>
    public void Drop(int bytes) => AdjustStackPointer(bytes, RegisterMap.Test);

    public void Leave(in Instruction instruction)
    {
        int size = instruction.Code switch { Code.Leaveq => 8, Code.Leaved => 4, _ => 2 };
        HostOperand from = PopAccess(Rbp, size);
        _emitter.Load(RegisterMap.Address, from, size);
        switch (context.StackWidth)
        {
            case 8:
                _emitter.Lea(Rsp, new HostOperand(Rbp, size));
                break;
            case 4:
                _emitter.Lea32(Rsp, new HostOperand(Rbp, size));
                break;
            default:
                _emitter.Lea32(RegisterMap.Test, new HostOperand(Rbp, size));
                _emitter.Move16(Rsp, RegisterMap.Test);
                break;
        }

        if (size == 2)
            _emitter.Move16(Rbp, RegisterMap.Address);
        else
            _emitter.Move(Rbp, RegisterMap.Address);
    }

    /// <summary>PUSHFD and PUSHFQ where no privilege is in question.</summary>
    public void PushFlags(int size)
    {
        HostOperand mask = HostOperand.Field(FieldOffsets.ArithmeticFlagsMask);
        _emitter.PushFlags();
        _emitter.Pop(RegisterMap.Test);
        _emitter.Pext(RegisterMap.Test, RegisterMap.Test, mask);
        _emitter.Pdep(RegisterMap.Test, RegisterMap.Test, mask);
        _emitter.Load(RegisterMap.Addend, HostOperand.Field(FieldOffsets.SystemFlags));
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, RegisterMap.Addend, 1, 0));

        // IF is bit 9 and DF bit 10: IF + 2 DF, times 8 three times over.
        _emitter.Memory(wide: false, 0x0FB6, (int)RegisterMap.Addend, HostOperand.Field(FieldOffsets.InterruptEnable));
        _emitter.Memory(wide: false, 0x0FB6, (int)RegisterMap.Address, HostOperand.Field(FieldOffsets.Direction));
        _emitter.Lea(RegisterMap.Address, new HostOperand(RegisterMap.Addend, RegisterMap.Address, 2, 0));
        _emitter.Lea(RegisterMap.Address, new HostOperand(HostRegister.None, RegisterMap.Address, 8, 0));
        _emitter.Lea(RegisterMap.Address, new HostOperand(HostRegister.None, RegisterMap.Address, 8, 0));
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, RegisterMap.Address, 8, 0));
        _emitter.Store(HostOperand.Field(FieldOffsets.Scratch), RegisterMap.Test);
        PushScratch(size);
    }

    /// <summary>
    /// POPFD and POPFQ where no privilege is in question and nothing but arithmetic flags and IF changes; the rest is for the
    /// interpreter, which begins the instruction again.
    /// </summary>
    /// <returns>Past the displacement of the jump to take for the rest.</returns>
    public unsafe byte* PopFlags(int size)
    {
        const int Others = 0x24_7500; // TF, DF, IOPL, NT, AC, ID
        const int InterruptFlag = 0x200;
        const int DirectionShift = 10;
        HostOperand from = PopAccess(Rsp, size);
        _emitter.Load(RegisterMap.Test, from, size);

        // From here on the old flags are dead, so ordinary instructions will do.
        _emitter.Memory(wide: false, 0x0FB6, (int)RegisterMap.Address, HostOperand.Field(FieldOffsets.Direction));
        _emitter.Bytes([0x41, 0xC1, 0xE6, DirectionShift]); // shl r14d, 10
        _emitter.Memory(wide: false, 0x0B, (int)RegisterMap.Address, HostOperand.Field(FieldOffsets.SystemFlags)); // or r14d, [SystemFlags]
        _emitter.Bytes([0x41, 0x31, 0xCE]); // xor r14d, ecx
        _emitter.Bytes([0x41, 0xF7, 0xC6]); // test r14d, imm32
        _emitter.Dword(Others);
        byte* rest = _emitter.JumpIf(5);
        _emitter.Bytes([0xF7, 0xC1]); // test ecx, imm32
        _emitter.Dword(InterruptFlag);
        _emitter.Memory(wide: false, 0x0F95, 0, HostOperand.Field(FieldOffsets.InterruptEnable)); // setne [InterruptEnable]
        _emitter.Bytes([0x81, 0xE1]); // and ecx, imm32
        _emitter.Dword((int)StubBuilder.ArithmeticFlags);
        AdjustStackPointer(size);
        _emitter.Push(RegisterMap.Test);
        _emitter.PopFlags();
        return rest;
    }

    private void PushRegister(int guest, int size)
    {
        HostOperand to = PushAccess(size);
        HostRegister from = RegisterMap.Host(guest);
        if (from == HostRegister.None)
        {
            from = RegisterMap.Test;
            _emitter.Load(from, RegisterMap.Home(guest));
        }

        _emitter.Store(to, from, size);
        AdjustStackPointer(-size);
    }

    private void PopToMemory(in Instruction instruction, in HostOperand from, int size)
    {
        _emitter.Load(RegisterMap.Test, from, size);
        _emitter.Store(HostOperand.Field(FieldOffsets.Scratch), RegisterMap.Test);

        // An address with RSP as its base counts from after the increment (Intel SDM Vol. 2, POP).
        bool fromStack = RegisterMap.GuestNumber(instruction.MemoryBase) == RegisterMap.GuestRsp;
        HostRegister address = memory.EffectiveAddress(instruction, fromStack ? size : 0);
        var detail = new AccessDetail(context.Offset, size, read: false, write: true, locked: false);
        HostOperand to = memory.Check(address, detail, MemoryEmitter.Segment(instruction.MemorySegment));
        _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.Scratch));
        _emitter.Store(to, RegisterMap.Test, size);
        AdjustStackPointer(size);
    }

    private HostOperand PushAccess(int size)
    {
        switch (context.StackWidth)
        {
            case 8:
                _emitter.Lea(RegisterMap.Address, new HostOperand(Rsp, -size));
                break;
            case 4:
                _emitter.Lea32(RegisterMap.Address, new HostOperand(Rsp, -size));
                break;
            default:
                _emitter.Lea32(RegisterMap.Address, new HostOperand(Rsp, -size));
                _emitter.ZeroExtend16(RegisterMap.Address, RegisterMap.Address);
                break;
        }

        return memory.StackAccess(RegisterMap.Address, size, write: true);
    }

    private HostOperand PopAccess(HostRegister pointer, int size)
    {
        HostRegister address = RegisterMap.Address;
        switch (context.StackWidth)
        {
            case 8:
                address = pointer;
                break;
            case 4:
                _emitter.Move32(address, pointer);
                break;
            default:
                _emitter.ZeroExtend16(address, pointer);
                break;
        }

        return memory.StackAccess(address, size, write: false);
    }

    private void AdjustStackPointer(int bytes, HostRegister scratch = RegisterMap.Addend)
    {
        switch (context.StackWidth)
        {
            case 8:
                _emitter.Lea(Rsp, new HostOperand(Rsp, bytes));
                break;
            case 4:
                _emitter.Lea32(Rsp, new HostOperand(Rsp, bytes));
                break;
            default:
                _emitter.Lea32(scratch, new HostOperand(Rsp, bytes));
                _emitter.Move16(Rsp, scratch);
                break;
        }
    }

    private static int OperandSize(in Instruction instruction) => Math.Abs(instruction.StackPointerIncrement);
}
