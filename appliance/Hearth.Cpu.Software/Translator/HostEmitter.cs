namespace Hearth.Cpu.Software;

/// <summary>
/// Writes host instructions. It knows only the few dozen forms that the translator's own sequences need; guest
/// instructions are encoded by Iced. Apart from <see cref="PopFlags"/>, none of them touches the flags.
/// </summary>
/// <remarks>Encodings: Intel SDM Vol. 2. The caller makes sure of room.</remarks>
internal sealed unsafe class HostEmitter
{
    private byte* _next;

    /// <summary>Where the next byte goes.</summary>
    public byte* Position
    {
        get => _next;
        set => _next = value;
    }

    /// <summary>Where the block begins that is being written; what lies before it are the stubs.</summary>
    public byte* BlockStart { get; set; }

    /// <summary>Collects what ties the block to its place; null when nobody wants to know.</summary>
    public List<Relocation>? Relocations { get; set; }

    public void Byte(byte value) => *_next++ = value;

    public void Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(new Span<byte>(_next, value.Length));
        _next += value.Length;
    }

    public void Dword(int value)
    {
        *(int*)_next = value;
        _next += 4;
    }

    public void Qword(ulong value)
    {
        *(ulong*)_next = value;
        _next += 8;
    }

    public void Move(HostRegister to, HostRegister from) => Direct(true, 0x8B, to, from);

    public void Move32(HostRegister to, HostRegister from) => Direct(false, 0x8B, to, from);

    /// <summary>Merges the low 16 bits, as a 16-bit move does.</summary>
    public void Move16(HostRegister to, HostRegister from)
    {
        Byte(0x66);
        Direct(false, 0x8B, to, from);
    }

    public void ZeroExtend16(HostRegister to, HostRegister from) => Direct(false, 0x0FB7, to, from);

    public void SignExtend16(HostRegister to, HostRegister from) => Direct(true, 0x0FBF, to, from);

    public void SignExtend32(HostRegister to, HostRegister from) => Direct(true, 0x63, to, from);

    public void Load(HostRegister to, in HostOperand from) => Memory(true, 0x8B, (int)to, from);

    public void Load32(HostRegister to, in HostOperand from) => Memory(false, 0x8B, (int)to, from);

    /// <summary>Loads 2, 4 or 8 bytes, zero-extended.</summary>
    public void Load(HostRegister to, in HostOperand from, int size)
    {
        if (size == 2)
            Memory(false, 0x0FB7, (int)to, from);
        else
            Memory(size == 8, 0x8B, (int)to, from);
    }

    public void Store(in HostOperand to, HostRegister from) => Memory(true, 0x89, (int)from, to);

    public void Store32(in HostOperand to, HostRegister from) => Memory(false, 0x89, (int)from, to);

    /// <summary>Stores 2, 4 or 8 bytes.</summary>
    public void Store(in HostOperand to, HostRegister from, int size)
    {
        if (size == 2)
            Byte(0x66);
        Memory(size == 8, 0x89, (int)from, to);
    }

    public void StoreImmediate32(in HostOperand to, int value)
    {
        Memory(false, 0xC7, 0, to);
        Dword(value);
    }

    public void StoreImmediate8(in HostOperand to, byte value)
    {
        Memory(false, 0xC6, 0, to);
        Byte(value);
    }

    /// <summary>Loads a constant in the shortest form.</summary>
    public void LoadImmediate(HostRegister to, long value)
    {
        bool unsigned32 = value is >= 0 and <= uint.MaxValue;
        if (!unsigned32 && value == (int)value)
        {
            Rex(true, 0, 0, (int)to);
            Byte(0xC7);
            Byte((byte)(0xC0 | ((int)to & 7)));
            Dword((int)value);
            return;
        }

        Rex(!unsigned32, 0, 0, (int)to);
        Byte((byte)(0xB8 | ((int)to & 7)));
        if (unsigned32)
            Dword((int)value);
        else
            Qword((ulong)value);
    }

    public void Lea(HostRegister to, in HostOperand address) => Memory(true, 0x8D, (int)to, address);

    public void Lea32(HostRegister to, in HostOperand address) => Memory(false, 0x8D, (int)to, address);

    /// <summary>LEA with a 32-bit displacement whatever its value: seven bytes.</summary>
    public void LeaLong(bool wide, HostRegister to, in HostOperand address)
    {
        Rex(wide, (int)to, 0, (int)address.Base);
        Byte(0x8D);
        Byte((byte)(0x80 | (((int)to & 7) << 3) | ((int)address.Base & 7)));
        Dword(address.Displacement);
    }

    /// <summary>PEXT to, from, [mask] (VEX.LZ.F3.0F38.W1 F5 /r).</summary>
    public void Pext(HostRegister to, HostRegister from, in HostOperand mask) => Vex(0xF5, 2, to, from, mask);

    /// <summary>PEXT to, from, mask.</summary>
    public void Pext(HostRegister to, HostRegister from, HostRegister mask) => Vex(0xF5, 2, to, from, mask);

    /// <summary>PDEP to, from, [mask] (VEX.LZ.F2.0F38.W1 F5 /r).</summary>
    public void Pdep(HostRegister to, HostRegister from, in HostOperand mask) => Vex(0xF5, 3, to, from, mask);

    /// <summary>SARX to, from, count (VEX.LZ.F3.0F38.W1 F7 /r).</summary>
    public void Sarx(HostRegister to, HostRegister from, HostRegister count) => Vex(0xF7, 2, to, count, from);

    /// <summary>SHLX to, from, count (VEX.LZ.66.0F38.W1 F7 /r).</summary>
    public void Shlx(HostRegister to, HostRegister from, HostRegister count) => Vex(0xF7, 1, to, count, from);

    /// <summary>SHRX to, from, count (VEX.LZ.F2.0F38.W1 F7 /r).</summary>
    public void Shrx(HostRegister to, HostRegister from, HostRegister count) => Vex(0xF7, 3, to, count, from);

    /// <summary>RORX to, from, count (VEX.LZ.F2.0F3A.W1 F0 /r ib).</summary>
    public void Rorx(HostRegister to, HostRegister from, byte count)
    {
        Byte(0xC4);
        Byte((byte)((((int)to & 8) == 0 ? 0x80 : 0) | 0x40 | (((int)from & 8) == 0 ? 0x20 : 0) | 3));
        Byte(0xFB);
        Byte(0xF0);
        Byte((byte)(0xC0 | (((int)to & 7) << 3) | ((int)from & 7)));
        Byte(count);
    }

    public void Not(HostRegister register)
    {
        Rex(true, 0, 0, (int)register);
        Byte(0xF7);
        Byte((byte)(0xD0 | ((int)register & 7)));
    }

    public void PushFlags() => Byte(0x9C);

    public void PopFlags() => Byte(0x9D);

    public void Push(HostRegister register)
    {
        Rex(false, 0, 0, (int)register);
        Byte((byte)(0x50 | ((int)register & 7)));
    }

    public void Pop(HostRegister register)
    {
        Rex(false, 0, 0, (int)register);
        Byte((byte)(0x58 | ((int)register & 7)));
    }

    public void Push(in HostOperand from) => Memory(false, 0xFF, 6, from);

    public void Pop(in HostOperand to) => Memory(false, 0x8F, 0, to);

    public void Return() => Byte(0xC3);

    /// <summary>Jumps ahead by up to 127 bytes when RCX is zero; give the result to <see cref="BindShort"/>.</summary>
    public byte* JumpIfRcxZero()
    {
        Byte(0xE3);
        Byte(0);
        return _next;
    }

    /// <summary>Makes a short forward jump land here.</summary>
    public void BindShort(byte* afterJump) => afterJump[-1] = checked((byte)(sbyte)(_next - afterJump));

    /// <summary>JMP rel32; a null target is bound later.</summary>
    /// <returns>The address past the displacement.</returns>
    public byte* Jump(byte* target = null)
    {
        Byte(0xE9);
        return Displacement(target);
    }

    /// <summary>Jcc rel32; <paramref name="condition"/> is the low nibble of the opcode.</summary>
    public byte* JumpIf(int condition, byte* target = null)
    {
        Byte(0x0F);
        Byte((byte)(0x80 | condition));
        return Displacement(target);
    }

    /// <summary>CALL rel32; a null target is bound later.</summary>
    /// <returns>The address past the displacement.</returns>
    public byte* Call(byte* target = null)
    {
        Byte(0xE8);
        return Displacement(target);
    }

    public void Jump(in HostOperand to) => Memory(false, 0xFF, 4, to);

    /// <summary>Makes a rel32 jump land at <paramref name="target"/>: one aligned store, so that running threads see the old or the new one.</summary>
    public static void Bind(byte* afterJump, byte* target) => Volatile.Write(ref ((int*)afterJump)[-1], (int)(target - afterJump));

    /// <summary>Pads so that the displacement of a jump whose opcode has <paramref name="opcodeBytes"/> bytes is aligned to 4.</summary>
    public void AlignDisplacement(int opcodeBytes)
    {
        switch (-((long)_next + opcodeBytes) & 3)
        {
            case 1:
                Byte(0x90);
                break;
            case 2:
                Bytes([0x66, 0x90]);
                break;
            case 3:
                Bytes([0x0F, 0x1F, 0x00]);
                break;
            default:
                break;
        }
    }

    /// <summary>An instruction with a register and a memory operand; opcodes above 0xFF carry their 0x0F.</summary>
    public void Memory(bool wide, int opcode, int register, in HostOperand operand)
    {
        Rex(wide, register, Number(operand.Index), Number(operand.Base));
        if (opcode > 0xFF)
            Byte((byte)(opcode >> 8));
        Byte((byte)opcode);
        ModRm(register, operand);
    }

    private void Direct(bool wide, int opcode, HostRegister register, HostRegister rm)
    {
        Rex(wide, (int)register, 0, (int)rm);
        if (opcode > 0xFF)
            Byte((byte)(opcode >> 8));
        Byte((byte)opcode);
        Byte((byte)(0xC0 | (((int)register & 7) << 3) | ((int)rm & 7)));
    }

    private void Rex(bool wide, int register, int index, int @base)
    {
        int rex = 0x40 | (wide ? 8 : 0) | ((register & 8) >> 1) | ((index & 8) >> 2) | ((@base & 8) >> 3);
        if (rex != 0x40)
            Byte((byte)rex);
    }

    private void ModRm(int register, in HostOperand operand)
    {
        int reg = (register & 7) << 3;
        int displacement = operand.Displacement;
        int index = operand.Index == HostRegister.None ? 4 : (int)operand.Index & 7;
        int scale = operand.Scale switch { 2 => 0x40, 4 => 0x80, 8 => 0xC0, _ => 0 };
        if (operand.Base == HostRegister.None)
        {
            // Without a base the displacement has 32 bits, and SIB keeps it from being RIP-relative.
            Byte((byte)(reg | 4));
            Byte((byte)(scale | (index << 3) | 5));
            Dword(displacement);
            return;
        }

        int @base = (int)operand.Base & 7;
        int mod = displacement == 0 && @base != 5 ? 0 : displacement == (sbyte)displacement ? 0x40 : 0x80;
        bool sib = operand.Index != HostRegister.None || @base == 4;
        Byte((byte)(mod | reg | (sib ? 4 : @base)));
        if (sib)
            Byte((byte)(scale | (index << 3) | @base));
        if (mod == 0x40)
            Byte((byte)displacement);
        else if (mod == 0x80)
            Dword(displacement);
    }

    private void Vex(byte opcode, int prefix, HostRegister to, HostRegister vvvv, in HostOperand operand)
    {
        VexPrefix(prefix, (int)to, vvvv, Number(operand.Index), Number(operand.Base));
        Byte(opcode);
        ModRm((int)to, operand);
    }

    private void Vex(byte opcode, int prefix, HostRegister to, HostRegister vvvv, HostRegister rm)
    {
        VexPrefix(prefix, (int)to, vvvv, 0, (int)rm);
        Byte(opcode);
        Byte((byte)(0xC0 | (((int)to & 7) << 3) | ((int)rm & 7)));
    }

    private void VexPrefix(int prefix, int register, HostRegister vvvv, int index, int rm)
    {
        Byte(0xC4);
        Byte((byte)(((register & 8) == 0 ? 0x80 : 0) | ((index & 8) == 0 ? 0x40 : 0) | ((rm & 8) == 0 ? 0x20 : 0) | 2));
        Byte((byte)(0x80 | ((~(int)vvvv & 15) << 3) | prefix));
    }

    private byte* Displacement(byte* target)
    {
        if (target < BlockStart && target is not null)
            Relocations?.Add(new Relocation(RelocationKind.Stub, (int)(_next - BlockStart), 0));
        Dword(target is null ? 0 : (int)(target - (_next + 4)));
        return _next;
    }

    private static int Number(HostRegister register) => register == HostRegister.None ? 0 : (int)register;
}
