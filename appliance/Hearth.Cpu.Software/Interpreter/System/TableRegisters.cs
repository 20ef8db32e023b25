using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>LGDT, LIDT, LLDT, LTR and the instructions that store these registers (Intel SDM Vol. 2).</summary>
internal sealed unsafe class TableRegisters
{
    private const uint ModeMask = (uint)(ModeFlags.Protected | ModeFlags.Virtual8086);

    private readonly VcpuState* _state;
    private readonly GuestOperands _operands;
    private readonly DescriptorTables _tables;

    public TableRegisters(VcpuState* state, GuestOperands operands, DescriptorTables tables)
    {
        _state = state;
        _operands = operands;
        _tables = tables;
    }

    private bool IsProtected => (_state->Mode & ModeMask) == (uint)ModeFlags.Protected;

    private bool IsLongMode => (_state->Efer & ControlRegister.EferLongModeActive) != 0;

    /// <summary>CR4.UMIP keeps user code from learning where the kernel's tables are.</summary>
    private bool IsHidden => _state->Cpl != 0 && (_state->Cr4 & ControlRegister.Cr4Umip) != 0;

    /// <summary>LGDT and LIDT.</summary>
    public StepResult LoadTable(in Instruction instruction)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        int size = (_state->Mode & (uint)ModeFlags.Long) != 0 ? 8 : 4;
        if (!_operands.TryReadMemory(instruction, 0, 2, out ulong limit) ||
            !_operands.TryReadMemory(instruction, 2, size, out ulong address))
        {
            return StepResult.Fault;
        }

        // With a 16-bit operand size, the base has 24 bits.
        if (instruction.Code is Code.Lgdt_m1632_16 or Code.Lidt_m1632_16)
            address &= 0xFF_FFFF;
        if (size == 8 && !Segmentation.IsCanonical(address))
            return PendingFault.GeneralProtection(_state);
        if (instruction.Mnemonic == Mnemonic.Lgdt)
        {
            _state->GdtrBase = address;
            _state->GdtrLimit = (ushort)limit;
        }
        else
        {
            _state->IdtrBase = address;
            _state->IdtrLimit = (ushort)limit;
        }

        return Completion.Advance(_state, instruction);
    }

    /// <summary>SGDT and SIDT. All 32 bits of the base are stored whatever the operand size, as processors since the 386 do.</summary>
    public StepResult StoreTable(in Instruction instruction)
    {
        if (IsHidden)
            return PendingFault.GeneralProtection(_state);
        bool isGlobal = instruction.Mnemonic == Mnemonic.Sgdt;
        int size = (_state->Mode & (uint)ModeFlags.Long) != 0 ? 8 : 4;
        ulong limit = isGlobal ? _state->GdtrLimit : _state->IdtrLimit;
        ulong address = isGlobal ? _state->GdtrBase : _state->IdtrBase;
        return _operands.TryWriteMemory(instruction, 0, 2, limit) && _operands.TryWriteMemory(instruction, 2, size, address)
            ? Completion.Advance(_state, instruction)
            : StepResult.Fault;
    }

    /// <summary>SLDT and STR.</summary>
    public StepResult StoreSelector(in Instruction instruction)
    {
        if (!IsProtected)
            return PendingFault.InvalidOpcode(_state);
        if (IsHidden)
            return PendingFault.GeneralProtection(_state);
        SegmentName name = instruction.Mnemonic == Mnemonic.Sldt ? SegmentName.Ldtr : SegmentName.Tr;
        return _operands.TryWrite(instruction, 0, 2, _state->SegmentSelector[(int)name])
            ? Completion.Advance(_state, instruction)
            : StepResult.Fault;
    }

    /// <summary>LLDT.</summary>
    public StepResult LoadLocalTable(in Instruction instruction)
    {
        if (!TryBegin(instruction, out int selector))
            return StepResult.Fault;
        if (DescriptorTables.IsNull(selector))
        {
            SegmentLoader.SetNull(_state, SegmentName.Ldtr, (ushort)selector);
            return Completion.Advance(_state, instruction);
        }

        if (!TryReadSystem(selector, out Descriptor descriptor, out SegmentRegister segment))
            return StepResult.Fault;
        if (descriptor.SystemType != Descriptor.Ldt)
            return PendingFault.GeneralProtection(_state, (uint)selector & 0xFFFC);
        if (!descriptor.IsPresent)
            return PendingFault.Set(_state, ExceptionVector.SegmentNotPresent, (uint)selector & 0xFFFC);
        Segments.Set(_state, SegmentName.Ldtr, segment);
        return Completion.Advance(_state, instruction);
    }

    /// <summary>LTR.</summary>
    public StepResult LoadTask(in Instruction instruction)
    {
        if (!TryBegin(instruction, out int selector))
            return StepResult.Fault;
        if (DescriptorTables.IsNull(selector))
            return PendingFault.GeneralProtection(_state);
        if (!TryReadSystem(selector, out Descriptor descriptor, out SegmentRegister segment))
            return StepResult.Fault;
        bool available = descriptor.SystemType == Descriptor.Tss32 || (descriptor.SystemType == Descriptor.Tss16 && !IsLongMode);
        if (!available)
            return PendingFault.GeneralProtection(_state, (uint)selector & 0xFFFC);
        if (!descriptor.IsPresent)
            return PendingFault.Set(_state, ExceptionVector.SegmentNotPresent, (uint)selector & 0xFFFC);
        if (!_tables.TrySetBusy(selector, busy: true))
            return StepResult.Fault;
        Segments.Set(_state, SegmentName.Tr, segment with { Attributes = (ushort)(segment.Attributes | Descriptor.BusyBit) });
        return Completion.Advance(_state, instruction);
    }

    private bool TryBegin(in Instruction instruction, out int selector)
    {
        selector = 0;
        if (!IsProtected)
        {
            PendingFault.InvalidOpcode(_state);
            return false;
        }

        if (_state->Cpl != 0)
        {
            PendingFault.GeneralProtection(_state);
            return false;
        }

        if (!_operands.TryRead(instruction, 0, 2, out ulong value))
            return false;
        selector = (int)value;
        return (selector & 4) == 0 || RaiseSelector(selector);
    }

    /// <summary>An LDT or TSS descriptor of the GDT; 16 bytes in long mode.</summary>
    private bool TryReadSystem(int selector, out Descriptor descriptor, out SegmentRegister segment)
    {
        segment = default;
        if (!_tables.TryRead(selector, out descriptor))
            return false;
        segment = descriptor.ToSegment(selector);
        if (!IsLongMode)
            return true;
        if (!_tables.TryReadUpper(selector, out uint upper))
            return false;
        segment = segment with { Base = segment.Base | ((ulong)upper << 32) };
        return Segmentation.IsCanonical(segment.Base) || RaiseSelector(selector);
    }

    private bool RaiseSelector(int selector)
    {
        PendingFault.GeneralProtection(_state, (uint)selector & 0xFFFC);
        return false;
    }
}
