using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// Emits an ordinary instruction as itself: operands are renamed to where guest registers live, a memory operand becomes the
/// host address that the TLB check gives.
/// </summary>
internal sealed class NativeEmitter(TranslationContext context, MemoryEmitter memory, HostEncoder encoder)
{
    private const byte MoveZeroExtendByte = 0xB6;

    private readonly HostEmitter _emitter = context.Emitter;
    private readonly InstructionInfoFactory _infoFactory = new();
    private readonly int[] _spilledGuest = new int[3];
    private readonly HostRegister[] _spilledScratch = new HostRegister[3];
    private readonly bool[] _spilledWritten = new bool[3];
    private int _spilledCount;

    // Scratch registers that the current instruction may still take.
    private bool _testFree;
    private bool _addendFree;
    private bool _addressFree;

    /// <returns>False when the instruction cannot be expressed; the caller gives it to the interpreter. What was emitted must be taken back.</returns>
    public bool TryEmit(in Instruction guest)
    {
        Instruction host = guest;
        host.Code = OpcodeAliases.In64BitCode(guest.Code);

        // Prefixes without a meaning here would get one beside another opcode map (BSF becomes TZCNT).
        host.HasRepPrefix = false;
        host.HasRepnePrefix = false;
        host.SegmentPrefix = Register.None;
        InstructionInfo info = _infoFactory.GetInfo(guest);
        int memoryOperand = MemoryOperand(guest);
        HostOperand access = default;
        if (memoryOperand >= 0)
        {
            (bool read, bool write) = Accesses(info.GetOpAccess(memoryOperand));
            access = memory.Access(guest, guest.MemorySize.GetSize(), read, write);
        }

        return TryEmitAccessed(guest, ref host, info, access);
    }

    /// <summary>Emits LEA: an effective address without an access.</summary>
    public void EmitLea(in Instruction guest) => Write(guest.Op0Register, memory.EffectiveAddress(guest, 0));

    /// <summary>Emits MOV from a segment register to a general register.</summary>
    public void EmitMoveSelector(in Instruction guest)
    {
        int segment = (int)MemoryEmitter.Segment(guest.Op1Register);
        _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.SegmentSelector + (segment * 2)), 2);
        Write(guest.Op0Register, RegisterMap.Test);
    }

    /// <summary>Writes a host register to a guest register of 2, 4 or 8 bytes.</summary>
    public void Write(Register guest, HostRegister from)
    {
        int number = RegisterMap.GuestNumber(guest);
        int size = guest.GetSize();
        HostRegister to = RegisterMap.Host(number);
        if (to == HostRegister.None)
        {
            if (size == 4)
            {
                _emitter.Move32(RegisterMap.Test, from);
                from = RegisterMap.Test;
            }

            _emitter.Store(RegisterMap.Home(number), from, size == 2 ? 2 : 8);
        }
        else if (size == 2)
        {
            _emitter.Move16(to, from);
        }
        else if (size == 4)
        {
            _emitter.Move32(to, from);
        }
        else
        {
            _emitter.Move(to, from);
        }
    }

    /// <summary>Reads a guest register of 4 or 8 bytes into a host register, zero-extended.</summary>
    public void Read(HostRegister to, Register guest)
    {
        int number = RegisterMap.GuestNumber(guest);
        HostRegister from = RegisterMap.Host(number);
        if (from == HostRegister.None)
            _emitter.Load(to, RegisterMap.Home(number), guest.GetSize());
        else if (guest.GetSize() == 4)
            _emitter.Move32(to, from);
        else
            _emitter.Move(to, from);
    }

    /// <summary>Renames the registers, puts the given host operand in place of the memory operand, encodes, and stores back.</summary>
    private bool TryEmitAccessed(in Instruction guest, ref Instruction host, in InstructionInfo info, in HostOperand access)
    {
        int memoryOperand = MemoryOperand(guest);
        bool hasMemory = memoryOperand >= 0;
        (bool countRead, bool countWritten) = ImplicitRegisters.Rcx(guest);
        int highOperand = HighByteOperand(guest);
        bool realRcx = countRead || countWritten;
        _spilledCount = 0;
        _testFree = !realRcx;
        _addendFree = !hasMemory;
        _addressFree = !hasMemory;

        var high = HighBytePlan.Direct;
        if (highOperand >= 0)
        {
            high = PlanHighByte(guest, info, highOperand, hasMemory);
            if (high == HighBytePlan.RealRcx)
                realRcx = countRead = countWritten = true;
            if (high != HighBytePlan.Direct)
                _testFree = false;
        }

        if (hasMemory)
            SetMemory(ref host, NeedsFold(guest) ? Fold(access) : access);
        if (countRead || countWritten)
            _emitter.Move(HostRegister.Rcx, HostRegister.R11);
        if (high is HighBytePlan.Copy or HighBytePlan.CopyBack)
            CopyHighByte(guest.GetOpRegister(highOperand));

        for (int i = 0; i < guest.OpCount; i++)
        {
            if (guest.GetOpKind(i) != OpKind.Register)
                continue;
            Register register = guest.GetOpRegister(i);
            int number = RegisterMap.GuestNumber(register);
            if (number < 0)
                continue;
            if (RegisterMap.IsHighByte(register))
            {
                if (high is HighBytePlan.Copy or HighBytePlan.CopyBack)
                    host.SetOpRegister(i, Register.CL);
            }
            else if (!realRcx || number != RegisterMap.GuestRcx)
            {
                host.SetOpRegister(i, Rename(number, register.GetSize(), info.GetOpAccess(i)));
            }
        }

        if (!encoder.TryEncode(host))
            return false;
        if (high == HighBytePlan.CopyBack)
            CopyHighByteBack(guest.GetOpRegister(highOperand));
        else if (countWritten)
            _emitter.Move(HostRegister.R11, HostRegister.Rcx);
        for (int i = 0; i < _spilledCount; i++)
        {
            if (_spilledWritten[i])
                _emitter.Store(RegisterMap.Home(_spilledGuest[i]), _spilledScratch[i]);
        }

        return true;
    }

    private Register Rename(int number, int size, OpAccess access)
    {
        HostRegister host = RegisterMap.Host(number);
        if (host != HostRegister.None)
            return RegisterMap.Name(host, size);
        (bool read, bool write) = Accesses(access);
        bool needsOld = read || size < 4 || access is OpAccess.CondWrite or OpAccess.ReadCondWrite;
        int slot = 0;
        while (slot < _spilledCount && _spilledGuest[slot] != number)
            slot++;
        if (slot == _spilledCount)
        {
            _spilledGuest[slot] = number;
            _spilledScratch[slot] = TakeScratch();
            _spilledWritten[slot] = false;
            _spilledCount++;

            // Loaded even when only written: a second operand may be the same register and read.
            needsOld = true;
        }
        else
        {
            needsOld = false;
        }

        if (needsOld)
            _emitter.Load(_spilledScratch[slot], RegisterMap.Home(number));
        _spilledWritten[slot] |= write;
        return RegisterMap.Name(_spilledScratch[slot], size);
    }

    private HostRegister TakeScratch()
    {
        if (_testFree)
        {
            _testFree = false;
            return RegisterMap.Test;
        }

        if (_addendFree)
        {
            _addendFree = false;
            return RegisterMap.Addend;
        }

        if (!_addressFree)
            throw new InvalidOperationException("an instruction needs more scratch registers than there are");
        _addressFree = false;
        return RegisterMap.Address;
    }

    /// <summary>True when the scratch register of the addend is needed for a spilled operand.</summary>
    private bool NeedsFold(in Instruction guest)
    {
        int spilled = 0;
        int last = -1;
        for (int i = 0; i < guest.OpCount; i++)
        {
            int number = guest.GetOpKind(i) == OpKind.Register ? RegisterMap.GuestNumber(guest.GetOpRegister(i)) : -1;
            if (number < 0 || number == last || RegisterMap.Host(number) != HostRegister.None)
                continue;
            last = number;
            spilled++;
        }

        return spilled > (_testFree ? 1 : 0);
    }

    private HostOperand Fold(in HostOperand access)
    {
        _emitter.Lea(RegisterMap.Address, access);
        _addendFree = true;
        return new HostOperand(RegisterMap.Address);
    }

    private static void SetMemory(ref Instruction host, in HostOperand access)
    {
        host.MemoryBase = RegisterMap.Name(access.Base, 8);
        host.MemoryIndex = access.Index == HostRegister.None ? Register.None : RegisterMap.Name(access.Index, 8);
        host.MemoryIndexScale = 1;
        host.MemoryDisplacement64 = 0;
        host.MemoryDisplSize = 0;
    }

    private static HighBytePlan PlanHighByte(in Instruction guest, in InstructionInfo info, int operand, bool hasMemory)
    {
        bool touchesRcx = false;
        bool touchesRsp = false;
        for (int i = 0; i < guest.OpCount; i++)
        {
            if (guest.GetOpKind(i) != OpKind.Register)
                continue;
            int number = RegisterMap.GuestNumber(guest.GetOpRegister(i));
            touchesRcx |= number == RegisterMap.GuestRcx;
            touchesRsp |= number == RegisterMap.GuestRsp && !RegisterMap.IsHighByte(guest.GetOpRegister(i));
        }

        (_, bool written) = Accesses(info.GetOpAccess(operand));
        if (hasMemory)
            return written ? HighBytePlan.CopyBack : HighBytePlan.Copy;
        if (touchesRsp)
            return HighBytePlan.Copy;
        return touchesRcx ? HighBytePlan.RealRcx : HighBytePlan.Direct;
    }

    /// <summary>CL = the high byte; AH, DH and BH cannot be named beside R8–R15.</summary>
    private void CopyHighByte(Register register)
    {
        if (register == Register.CH)
            _emitter.Move(HostRegister.Rcx, HostRegister.R11);
        _emitter.Bytes([0x0F, MoveZeroExtendByte, (byte)(0xC8 | HighByteCode(register))]);
    }

    private void CopyHighByteBack(Register register)
    {
        if (register != Register.CH)
        {
            _emitter.Bytes([0x88, (byte)(0xC8 | HighByteCode(register))]);
            return;
        }

        // R11 bits 8–15 = CL: R14 is free once the access is made.
        _emitter.Move(RegisterMap.Address, HostRegister.Rcx);
        _emitter.Move(HostRegister.Rcx, HostRegister.R11);
        _emitter.Bytes([0x86, 0xE9]); // xchg cl, ch
        _emitter.Bytes([0x44, 0x88, 0xF1]); // mov cl, r14b
        _emitter.Bytes([0x86, 0xE9]);
        _emitter.Move(HostRegister.R11, HostRegister.Rcx);
    }

    private static int HighByteCode(Register register) => 4 + (register - Register.AH);

    private static int HighByteOperand(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && RegisterMap.IsHighByte(instruction.GetOpRegister(i)))
                return i;
        }

        return -1;
    }

    private static int MemoryOperand(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Memory)
                return i;
        }

        return -1;
    }

    private static (bool Read, bool Write) Accesses(OpAccess access) => access switch
    {
        OpAccess.Read or OpAccess.CondRead => (true, false),
        OpAccess.Write => (false, true),
        OpAccess.NoMemAccess or OpAccess.None => (false, false),
        _ => (true, true),
    };

    private enum HighBytePlan
    {
        /// <summary>No operand needs a REX prefix: the high byte is named as it is.</summary>
        Direct,

        /// <summary>Guest RCX is brought into host RCX for the instruction.</summary>
        RealRcx,

        /// <summary>The high byte is only read: CL holds a copy.</summary>
        Copy,

        /// <summary>CL holds a copy that goes back.</summary>
        CopyBack,
    }
}
