using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// BT, BTS, BTR and BTC with a bit number in a register: the number is signed and reaches beyond the operand
/// (Intel SDM Vol. 2, BT), so the operand that holds the bit is found first.
/// </summary>
internal sealed class BitStringEmitter(TranslationContext context, MemoryEmitter memory, HostEncoder encoder)
{
    private readonly HostEmitter _emitter = context.Emitter;

    public bool TryEmit(in Instruction guest)
    {
        int size = guest.Op1Register.GetSize();
        int number = RegisterMap.GuestNumber(guest.Op1Register);
        HostRegister address = memory.EffectiveAddress(guest, 0);
        LoadBitNumber(number, size);
        _emitter.LoadImmediate(RegisterMap.Addend, size switch { 8 => 6, 4 => 5, _ => 4 });
        _emitter.Sarx(RegisterMap.Test, RegisterMap.Test, RegisterMap.Addend);
        var operand = new HostOperand(address, RegisterMap.Test, size, 0);
        int width = AddressWidth(guest);
        if (width == 8)
            _emitter.Lea(RegisterMap.Address, operand);
        else
            _emitter.Lea32(RegisterMap.Address, operand);
        if (width == 2)
            _emitter.ZeroExtend16(RegisterMap.Address, RegisterMap.Address);

        bool write = guest.Mnemonic != Mnemonic.Bt;
        var detail = new AccessDetail(context.Offset, size, read: true, write, guest.HasLockPrefix);
        HostOperand access = memory.Check(RegisterMap.Address, detail, MemoryEmitter.Segment(guest.MemorySegment));

        // What is left of the bit number lies within the operand, so that the host's own reach comes to nothing.
        _emitter.Lea(RegisterMap.Address, access);
        LoadBitNumber(number, size);
        _emitter.LoadImmediate(RegisterMap.Addend, (size * 8) - 1);
        _emitter.Pext(RegisterMap.Test, RegisterMap.Test, RegisterMap.Addend);

        Instruction host = guest;
        host.SegmentPrefix = Register.None;
        host.MemoryBase = RegisterMap.Name(RegisterMap.Address, 8);
        host.MemoryIndex = Register.None;
        host.MemoryIndexScale = 1;
        host.MemoryDisplacement64 = 0;
        host.MemoryDisplSize = 0;
        host.Op1Register = RegisterMap.Name(RegisterMap.Test, size);
        return encoder.TryEncode(host);
    }

    private void LoadBitNumber(int guest, int size)
    {
        HostRegister from = RegisterMap.Host(guest);
        if (from == HostRegister.None)
        {
            _emitter.Load(RegisterMap.Test, RegisterMap.Home(guest));
            from = RegisterMap.Test;
        }

        if (size == 2)
            _emitter.SignExtend16(RegisterMap.Test, from);
        else if (size == 4)
            _emitter.SignExtend32(RegisterMap.Test, from);
        else if (from != RegisterMap.Test)
            _emitter.Move(RegisterMap.Test, from);
    }

    private int AddressWidth(in Instruction instruction)
    {
        if (instruction.IsIPRelativeMemoryOperand)
            return 8;
        Register register = instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex;
        return register != Register.None ? register.GetSize() : Math.Max(instruction.MemoryDisplSize, context.Is64Bit ? 4 : 2);
    }
}
