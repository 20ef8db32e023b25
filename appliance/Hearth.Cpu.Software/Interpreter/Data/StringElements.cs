using Hearth.Machine;

namespace Hearth.Cpu.Software;

/// <summary>One iteration of a string instruction, with every check; moves RSI and RDI when it succeeds.</summary>
internal sealed unsafe class StringElements
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly DebugEvents _debug;

    public StringElements(VcpuState* state, GuestAccess access, DebugEvents debug)
    {
        _state = state;
        _access = access;
        _debug = debug;
    }

    /// <returns>False when a fault is pending; nothing has changed then.</returns>
    public bool TryStep(in StringOperation operation)
    {
        bool done = operation.Kind switch
        {
            StringKind.Move => TryReadSource(operation, out ulong value) && TryWriteDestination(operation, value),
            StringKind.Store => TryWriteDestination(operation, OperandAccess.Read(_state, GeneralRegister.Rax, operation.ElementSize)),
            StringKind.Load => TryLoad(operation),
            StringKind.Scan => TryScan(operation),
            StringKind.Compare => TryCompare(operation),
            StringKind.Input => TryInput(operation),
            _ => TryOutput(operation),
        };
        if (done)
            Move(_state, operation, 1);
        return done;
    }

    /// <summary>Moves RSI, RDI or both past a number of elements.</summary>
    public static void Move(VcpuState* state, in StringOperation operation, ulong count)
    {
        ulong distance = count * (ulong)operation.ElementSize;
        if (operation.Descends)
            distance = 0 - distance;
        if (operation.Kind is not (StringKind.Store or StringKind.Scan or StringKind.Input))
            OperandAccess.Write(state, GeneralRegister.Rsi, operation.AddressSize, state->Gpr[GeneralRegister.Rsi] + distance);
        if (operation.Kind is not (StringKind.Load or StringKind.Output))
            OperandAccess.Write(state, GeneralRegister.Rdi, operation.AddressSize, state->Gpr[GeneralRegister.Rdi] + distance);
    }

    private bool TryLoad(in StringOperation operation)
    {
        if (!TryReadSource(operation, out ulong value))
            return false;
        OperandAccess.Write(_state, GeneralRegister.Rax, operation.ElementSize, value);
        return true;
    }

    private bool TryScan(in StringOperation operation)
    {
        if (!TryReadDestination(operation, out ulong value))
            return false;
        _state->ArithmeticFlags = ArithmeticFlag.OfCompare(
            OperandAccess.Read(_state, GeneralRegister.Rax, operation.ElementSize), value, operation.ElementSize);
        return true;
    }

    private bool TryCompare(in StringOperation operation)
    {
        if (!TryReadSource(operation, out ulong left) || !TryReadDestination(operation, out ulong right))
            return false;
        _state->ArithmeticFlags = ArithmeticFlag.OfCompare(left, right, operation.ElementSize);
        return true;
    }

    private bool TryInput(in StringOperation operation)
    {
        // The port is read only once the value has a place to go: reading a device's data register consumes it.
        ulong offset = Offset(operation, GeneralRegister.Rdi);
        if (!_access.TryProbeWrite(SegmentName.ES, offset, operation.ElementSize))
            return false;
        ushort port = (ushort)_state->Gpr[GeneralRegister.Rdx];
        _debug.NotePort(port, operation.ElementSize);
        ulong value = _access.Bus?.ReadPort(port, (AccessWidth)operation.ElementSize) ?? ulong.MaxValue;
        return _access.TryWrite(SegmentName.ES, offset, operation.ElementSize, value);
    }

    private bool TryOutput(in StringOperation operation)
    {
        if (!TryReadSource(operation, out ulong value))
            return false;
        ushort port = (ushort)_state->Gpr[GeneralRegister.Rdx];
        _debug.NotePort(port, operation.ElementSize);
        _access.Bus?.WritePort(port, (AccessWidth)operation.ElementSize, value);
        return true;
    }

    private bool TryReadSource(in StringOperation operation, out ulong value) =>
        _access.TryRead(operation.Source, Offset(operation, GeneralRegister.Rsi), operation.ElementSize, out value);

    private bool TryReadDestination(in StringOperation operation, out ulong value) =>
        _access.TryRead(SegmentName.ES, Offset(operation, GeneralRegister.Rdi), operation.ElementSize, out value);

    private bool TryWriteDestination(in StringOperation operation, ulong value) =>
        _access.TryWrite(SegmentName.ES, Offset(operation, GeneralRegister.Rdi), operation.ElementSize, value);

    private ulong Offset(in StringOperation operation, int register) => _state->Gpr[register] & operation.AddressMask;
}
