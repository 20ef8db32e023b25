using Hearth.Machine;

namespace Hearth.Cpu.Software;

/// <summary>Many iterations of a repeated string instruction at once: as many as stay within one page on either side.</summary>
internal sealed unsafe class StringRuns
{
    /// <summary>Port accesses between two looks at <see cref="VcpuState.Kick"/>.</summary>
    private const ulong PortBatch = 128;

    // SAFETY: the state block outlives the interpreter; a window covers the whole run that it is opened for.
    private readonly VcpuState* _state;
    private readonly RamWindows _windows;
    private readonly GuestAccess _access;

    public StringRuns(VcpuState* state, RamWindows windows, GuestAccess access)
    {
        _state = state;
        _windows = windows;
        _access = access;
    }

    /// <summary>Does up to <paramref name="left"/> iterations and moves RSI and RDI past them.</summary>
    /// <returns>
    /// The iterations done; 0 when the next one needs the element-wise path. SCAS and CMPS only pass over elements that do
    /// not end the repetition, and never over the last one; the flags are those of the last one passed over, as the next
    /// may fault.
    /// </returns>
    public ulong Advance(in StringOperation operation, ulong left)
    {
        ulong done = operation.Kind switch
        {
            StringKind.Move => Copy(operation, left),
            StringKind.Store => Fill(operation, left),
            StringKind.Load => Load(operation, left),
            StringKind.Scan => Scan(operation, left - 1),
            StringKind.Compare => Compare(operation, left - 1),
            StringKind.Input => Input(operation, left),
            _ => Output(operation, left),
        };
        if (done != 0)
            StringElements.Move(_state, operation, done);
        return done;
    }

    private ulong Copy(in StringOperation operation, ulong left)
    {
        ulong count = SourceRoom(operation, left);
        if (count != 0)
            count = DestinationRoom(operation, count, MemoryAccess.Write);
        if (count == 0
            || !TryOpenSource(operation, count, out RamWindow from)
            || !TryOpenDestination(operation, count, MemoryAccess.Write, out RamWindow to))
        {
            return 0;
        }

        int length = (int)count * operation.ElementSize;
        ElementCopy.Copy(from.Host, to.Host, length, operation.ElementSize, operation.Descends);
        _windows.NoteWrite(to, length);
        return count;
    }

    private ulong Fill(in StringOperation operation, ulong left)
    {
        ulong count = DestinationRoom(operation, left, MemoryAccess.Write);
        if (count == 0 || !TryOpenDestination(operation, count, MemoryAccess.Write, out RamWindow to))
            return 0;

        int elements = (int)count;
        ulong value = _state->Gpr[GeneralRegister.Rax];
        switch (operation.ElementSize)
        {
            case 1:
                new Span<byte>(to.Host, elements).Fill((byte)value);
                break;
            case 2:
                new Span<ushort>(to.Host, elements).Fill((ushort)value);
                break;
            case 4:
                new Span<uint>(to.Host, elements).Fill((uint)value);
                break;
            default:
                new Span<ulong>(to.Host, elements).Fill(value);
                break;
        }

        _windows.NoteWrite(to, elements * operation.ElementSize);
        return count;
    }

    private ulong Load(in StringOperation operation, ulong left)
    {
        ulong count = SourceRoom(operation, left);
        if (count == 0 || !TryOpenSource(operation, count, out RamWindow from))
            return 0;

        // Of all the elements read, the accumulator keeps the last.
        byte* last = from.Host + Position(operation, count, count - 1);
        OperandAccess.Write(_state, GeneralRegister.Rax, operation.ElementSize, ReadElement(last, operation.ElementSize));
        return count;
    }

    private ulong Scan(in StringOperation operation, ulong most)
    {
        ulong count = most == 0 ? 0 : DestinationRoom(operation, most, MemoryAccess.Read);
        if (count == 0 || !TryOpenDestination(operation, count, MemoryAccess.Read, out RamWindow window))
            return 0;

        ulong accumulator = OperandAccess.Read(_state, GeneralRegister.Rax, operation.ElementSize);
        ulong passed = (ulong)ElementSearch.PassOver(window.Host, (int)count, operation, accumulator);
        if (passed != 0)
        {
            byte* last = window.Host + Position(operation, count, passed - 1);
            SetFlags(accumulator, ReadElement(last, operation.ElementSize), operation.ElementSize);
        }

        return passed;
    }

    private ulong Compare(in StringOperation operation, ulong most)
    {
        ulong count = most == 0 ? 0 : SourceRoom(operation, most);
        if (count != 0)
            count = DestinationRoom(operation, count, MemoryAccess.Read);
        if (count == 0
            || !TryOpenSource(operation, count, out RamWindow left)
            || !TryOpenDestination(operation, count, MemoryAccess.Read, out RamWindow right))
        {
            return 0;
        }

        ulong passed = (ulong)ElementSearch.PassOver(left.Host, right.Host, (int)count, operation);
        if (passed != 0)
        {
            ulong last = Position(operation, count, passed - 1);
            int size = operation.ElementSize;
            SetFlags(ReadElement(left.Host + last, size), ReadElement(right.Host + last, size), size);
        }

        return passed;
    }

    private void SetFlags(ulong left, ulong right, int size) => _state->ArithmeticFlags = ArithmeticFlag.OfCompare(left, right, size);

    private ulong Input(in StringOperation operation, ulong left)
    {
        if (_access.Bus is not { } bus || HasBreakpoints)
            return 0;
        ulong count = DestinationRoom(operation, Math.Min(left, PortBatch), MemoryAccess.Write);
        if (count == 0 || !TryOpenDestination(operation, count, MemoryAccess.Write, out RamWindow to))
            return 0;

        ushort port = (ushort)_state->Gpr[GeneralRegister.Rdx];
        for (ulong i = 0; i < count; i++)
        {
            ulong value = bus.ReadPort(port, (AccessWidth)operation.ElementSize);
            WriteElement(to.Host + Position(operation, count, i), operation.ElementSize, value);
        }

        _windows.NoteWrite(to, (int)count * operation.ElementSize);
        return count;
    }

    private ulong Output(in StringOperation operation, ulong left)
    {
        if (_access.Bus is not { } bus || HasBreakpoints)
            return 0;
        ulong count = SourceRoom(operation, Math.Min(left, PortBatch));
        if (count == 0 || !TryOpenSource(operation, count, out RamWindow from))
            return 0;

        ushort port = (ushort)_state->Gpr[GeneralRegister.Rdx];
        for (ulong i = 0; i < count; i++)
        {
            ulong value = ReadElement(from.Host + Position(operation, count, i), operation.ElementSize);
            bus.WritePort(port, (AccessWidth)operation.ElementSize, value);
        }

        return count;
    }

    private bool HasBreakpoints => (_state->DebugRegister[5] & 0xFF) != 0;

    private ulong SourceRoom(in StringOperation operation, ulong count) =>
        _windows.Room(operation.Source, Offset(operation, GeneralRegister.Rsi), operation, count, MemoryAccess.Read);

    private ulong DestinationRoom(in StringOperation operation, ulong count, MemoryAccess access) =>
        _windows.Room(SegmentName.ES, Offset(operation, GeneralRegister.Rdi), operation, count, access);

    private bool TryOpenSource(in StringOperation operation, ulong count, out RamWindow window) =>
        TryOpen(operation.Source, Offset(operation, GeneralRegister.Rsi), operation, count, MemoryAccess.Read, out window);

    private bool TryOpenDestination(in StringOperation operation, ulong count, MemoryAccess access, out RamWindow window) =>
        TryOpen(SegmentName.ES, Offset(operation, GeneralRegister.Rdi), operation, count, access, out window);

    private bool TryOpen(
        SegmentName segment, ulong offset, in StringOperation operation, ulong count, MemoryAccess access, out RamWindow window)
    {
        int size = operation.ElementSize;
        ulong lowest = operation.Descends ? offset - ((count - 1) * (ulong)size) : offset;
        return _windows.TryOpen(segment, lowest, (int)count * size, access, out window);
    }

    private ulong Offset(in StringOperation operation, int register) => _state->Gpr[register] & operation.AddressMask;

    /// <summary>Where iteration <paramref name="index"/> of a run lies, in bytes from the lowest address of the run.</summary>
    private static ulong Position(in StringOperation operation, ulong count, ulong index) =>
        (operation.Descends ? count - 1 - index : index) * (ulong)operation.ElementSize;

    private static ulong ReadElement(byte* at, int size) => size switch
    {
        1 => *at,
        2 => *(ushort*)at,
        4 => *(uint*)at,
        _ => *(ulong*)at,
    };

    private static void WriteElement(byte* at, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *at = (byte)value;
                break;
            case 2:
                *(ushort*)at = (ushort)value;
                break;
            default:
                *(uint*)at = (uint)value;
                break;
        }
    }
}
