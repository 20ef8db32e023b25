using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Effective addresses and the soft-TLB check.</summary>
/// <remarks>
/// The check must leave the flags alone, because a fault has to show them as they were before the instruction, and because
/// they live in the host's flags: RORX, PDEP, PEXT, LEA and JRCXZ do it. The first byte selects the entry and the page of the last byte is
/// compared, so that an access that crosses a page misses.
/// </remarks>
internal sealed unsafe class MemoryEmitter(TranslationContext context)
{
    private readonly HostEmitter _emitter = context.Emitter;

    /// <summary>Emits the access check for an instruction's memory operand.</summary>
    /// <returns>The host operand to access.</returns>
    public HostOperand Access(in Instruction instruction, int size, bool read, bool write)
    {
        bool mayStoreNothing = instruction.Mnemonic is Mnemonic.Fst or Mnemonic.Fstp or Mnemonic.Fist or Mnemonic.Fistp or Mnemonic.Fisttp or Mnemonic.Fbstp;
        bool locked = instruction.HasLockPrefix || instruction.Mnemonic == Mnemonic.Xchg;
        var detail = new AccessDetail(context.Offset, size, read, write, locked);
        if (mayStoreNothing)
            detail = detail.StoringMaybe();
        if (VectorAlignment.IsRequired(instruction, size))
            detail = detail.Aligned();
        HostRegister address = EffectiveAddress(instruction, 0);
        return Check(address, detail, Segment(instruction.MemorySegment));
    }

    /// <summary>Emits the access check for the stack at an address in a register, an offset into SS.</summary>
    public HostOperand StackAccess(HostRegister address, int size, bool write)
    {
        var detail = new AccessDetail(context.Offset, size, !write, write, locked: false);
        return Check(address, detail, SegmentName.SS);
    }

    /// <summary>Emits the effective address into R14 or names a register that holds it already.</summary>
    /// <param name="adjustment">Added to the displacement.</param>
    public HostRegister EffectiveAddress(in Instruction instruction, int adjustment)
    {
        if (instruction.IsIPRelativeMemoryOperand)
            return InstructionPointerRelative(instruction, adjustment);

        int width = AddressWidth(instruction);
        long displacement = (long)instruction.MemoryDisplacement64 + adjustment;
        if (width == 4)
            displacement = (int)displacement;
        else if (width == 2)
            displacement = (short)displacement;

        HostRegister @base = Component(instruction.MemoryBase, RegisterMap.Address);
        HostRegister index = Component(instruction.MemoryIndex, RegisterMap.Test);
        if (displacement != (int)displacement)
        {
            // Only MOV with a 64-bit offset has no base and such a displacement.
            _emitter.LoadImmediate(RegisterMap.Address, displacement);
            return RegisterMap.Address;
        }

        if (width == 8 && @base != HostRegister.None && index == HostRegister.None && displacement == 0)
            return @base;

        var operand = new HostOperand(@base, index, instruction.MemoryIndexScale, (int)displacement);
        if (width == 8)
            _emitter.Lea(RegisterMap.Address, operand);
        else
            _emitter.Lea32(RegisterMap.Address, operand);
        if (width == 2)
            _emitter.ZeroExtend16(RegisterMap.Address, RegisterMap.Address);
        return RegisterMap.Address;
    }

    /// <summary>Emits segmentation and the TLB check for an offset in a register.</summary>
    public HostOperand Check(HostRegister address, AccessDetail detail, SegmentName segment)
    {
        detail = detail.InSegment(segment);
        if (context.WaitsForX87)
            detail = detail.WaitingForX87();
        if (NeedsCheck(segment, detail.IsWrite))
            return SlowOnly(address, detail.Checked());

        if (HasBase(segment))
        {
            _emitter.Load(RegisterMap.Test, HostOperand.Field(FieldOffsets.SegmentBase + ((int)segment * 8)));
            var sum = new HostOperand(address, RegisterMap.Test, 1, 0);
            if (context.Is64Bit)
                _emitter.Lea(RegisterMap.Address, sum);
            else
                _emitter.Lea32(RegisterMap.Address, sum);
            address = RegisterMap.Address;
        }

        byte* miss = CheckRange(address, detail.Size, detail.IsWrite);
        AddSite(miss, address, detail);
        return new HostOperand(address, RegisterMap.Addend, 1, 0);
    }

    /// <summary>Emits the check itself: on a hit, R12 is the addend for all bytes from a linear address on.</summary>
    /// <returns>Past the displacement of the jump that is taken on a miss.</returns>
    public byte* CheckRange(HostRegister address, int size, bool isWrite)
    {
        _emitter.Rorx(RegisterMap.Addend, address, GuestRam.PageShift);
        _emitter.Pdep(RegisterMap.Addend, RegisterMap.Addend, HostOperand.Field(FieldOffsets.TlbOffsetMask));
        _emitter.Load(RegisterMap.Test, Tlb(isWrite ? TlbEntry.WriteTagOffset : TlbEntry.ReadTagOffset));
        _emitter.Lea(RegisterMap.Test, new HostOperand(RegisterMap.Test, address, 1, size - 1));
        _emitter.Pext(RegisterMap.Test, RegisterMap.Test, HostOperand.Field(FieldOffsets.TlbPageMask));
        byte* hit = _emitter.JumpIfRcxZero();
        byte* miss = _emitter.Jump();
        _emitter.BindShort(hit);
        _emitter.Load(RegisterMap.Addend, Tlb(TlbEntry.AddendOffset));
        return miss;
    }

    private HostOperand SlowOnly(HostRegister address, AccessDetail detail)
    {
        AddSite(_emitter.Jump(), address, detail);
        return new HostOperand(address, RegisterMap.Addend, 1, 0);
    }

    private void AddSite(byte* miss, HostRegister address, AccessDetail detail) =>
        context.AddSlowSite(new SlowSite
        {
            MissJump = miss,
            Continue = _emitter.Position,
            Address = address,
            Detail = detail,
            MayFaultOnHost = context.MayFaultOnHost,
            NextOffset = -1,
        });

    private HostRegister InstructionPointerRelative(in Instruction instruction, int adjustment)
    {
        // The decoder runs with the page's first byte at 0, so the target is relative to PageRip.
        long relative = (long)instruction.IPRelativeMemoryAddress + adjustment;
        bool narrow = instruction.MemoryBase == Register.EIP;
        _emitter.Load(RegisterMap.Address, HostOperand.Field(FieldOffsets.PageRip));
        var operand = new HostOperand(RegisterMap.Address, (int)relative);
        if (narrow)
            _emitter.Lea32(RegisterMap.Address, operand);
        else
            _emitter.Lea(RegisterMap.Address, operand);
        return RegisterMap.Address;
    }

    private HostRegister Component(Register register, HostRegister scratch)
    {
        int guest = RegisterMap.GuestNumber(register);
        if (guest < 0)
            return HostRegister.None;
        HostRegister host = RegisterMap.Host(guest);
        if (host != HostRegister.None)
            return host;
        _emitter.Load(scratch, RegisterMap.Home(guest));
        return scratch;
    }

    /// <summary>What a field of the first entry of a mode's soft TLB is away from R15.</summary>
    public static int TlbDisplacement(int tlbMode, int field) => VcpuState.TlbOffset - VcpuState.Bias + (tlbMode * VcpuState.TlbBytesPerMode) + field;

    private HostOperand Tlb(int field) => new(RegisterMap.State, RegisterMap.Addend, 1, TlbDisplacement(TlbMode.Of(context.Mode), field));

    private static int AddressWidth(in Instruction instruction)
    {
        Register register = instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex;
        return register != Register.None ? register.GetSize() : instruction.MemoryDisplSize;
    }

    private bool NeedsCheck(SegmentName segment, bool write)
    {
        if ((context.Mode & ModeFlags.AlignmentCheck) != 0)
            return true;
        if (context.Is64Bit)
            return false;

        // Code segments are never written through; outside protected mode they are checked for their limit anyway.
        bool codeWrite = write && segment == SegmentName.CS;
        return codeWrite || ((uint)context.Mode & ((uint)ModeFlags.EsChecked << (int)segment)) != 0;
    }

    private bool HasBase(SegmentName segment) => context.Is64Bit
        ? segment is SegmentName.FS or SegmentName.GS
        : ((uint)context.Mode & ((uint)ModeFlags.EsBase << (int)segment)) != 0;

    public static SegmentName Segment(Register register) => (SegmentName)(register - Register.ES);
}
