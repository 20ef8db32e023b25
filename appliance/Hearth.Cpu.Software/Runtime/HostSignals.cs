using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>
/// Catches SIGFPE, SIGSEGV, SIGBUS and SIGILL that arise in generated code and sends the thread to the exit stub; every other signal
/// goes to the handler that was there before (the CLR's).
/// </summary>
/// <remarks>
/// The handler is machine code: a C# handler could not run on a thread that the CLR believes outside managed code, in the
/// middle of guest registers. It decides by the instruction pointer and changes only the saved context.
/// ucontext offsets: Linux arch/x86/include/uapi/asm/sigcontext.h, after 40 bytes of uc_flags, uc_link and uc_stack.
/// </remarks>
internal static unsafe class HostSignals
{
    private const int SlotCount = 256;
    private const int R15InContext = 40 + (7 * 8);
    private const int RipInContext = 40 + (16 * 8);
    private const int RegisterStateLength = 24;

    private static readonly int[] s_signals = [Signal.IllegalInstruction, Signal.BusError, Signal.FloatingPoint, Signal.SegmentationViolation];
    private static readonly Lock s_lock = new();
    private static MappedMemory? s_code;
    private static MappedMemory? s_slots;

    /// <summary>Adds a range of generated code; faults in it go to <paramref name="exit"/>.</summary>
    public static void Register(byte* start, byte* end, byte* exit)
    {
        lock (s_lock)
        {
            if (s_code is null)
                Install();
            Slot* slot = FindSlot(null);
            slot->Exit = exit;
            slot->End = end;
            Volatile.Write(ref *(nint*)&slot->Start, (nint)start);
        }
    }

    /// <summary>Removes the range that begins at <paramref name="start"/>.</summary>
    public static void Unregister(byte* start)
    {
        lock (s_lock)
        {
            Slot* slot = FindSlot(start);
            slot->End = null;
            Volatile.Write(ref *(nint*)&slot->Start, 0);
        }
    }

    private static Slot* FindSlot(byte* start)
    {
        var slots = (Slot*)s_slots!.Address;
        for (int i = 0; i < SlotCount; i++)
        {
            if (slots[i].Start == start)
                return slots + i;
        }

        throw new InvalidOperationException("too many code caches in one process");
    }

    private static void Install()
    {
        s_slots = MappedMemory.Anonymous(SlotCount * (nuint)sizeof(Slot));
        s_code = MappedMemory.Anonymous(8192, executable: true);
        var emitter = new HostEmitter { Position = s_code.Address };
        foreach (int signal in s_signals)
        {
            byte* handler = emitter.Position;
            Emit(emitter, (void*)SignalAction.CurrentHandler(signal));
            SignalAction.Install(signal, (nint)handler);
        }
    }

    private static void Emit(HostEmitter emitter, void* previous)
    {
        emitter.Load(HostRegister.Rax, new HostOperand(HostRegister.Rdx, RipInContext));
        emitter.LoadImmediate(HostRegister.R8, (long)s_slots!.Address);
        emitter.LoadImmediate(HostRegister.R9, (long)(s_slots.Address + (SlotCount * sizeof(Slot))));
        byte* loop = emitter.Position;
        emitter.Memory(true, 0x3B, (int)HostRegister.Rax, new HostOperand(HostRegister.R8, 0)); // cmp rax, [r8 + Start]
        byte* below = emitter.JumpIf(2);
        emitter.Memory(true, 0x3B, (int)HostRegister.Rax, new HostOperand(HostRegister.R8, 8)); // cmp rax, [r8 + End]
        byte* found = emitter.JumpIf(2);
        HostEmitter.Bind(below, emitter.Position);
        emitter.Lea(HostRegister.R8, new HostOperand(HostRegister.R8, RegisterStateLength));
        emitter.Bytes([0x4D, 0x39, 0xC8]); // cmp r8, r9
        emitter.JumpIf(2, loop);
        emitter.LoadImmediate(HostRegister.Rax, (long)previous);
        emitter.Bytes([0xFF, 0xE0]); // jmp rax

        HostEmitter.Bind(found, emitter.Position);
        emitter.Load(HostRegister.Rcx, new HostOperand(HostRegister.Rdx, R15InContext));
        emitter.Store(InState(FieldOffsets.ResumeAddress), HostRegister.Rax);
        emitter.Store32(InState(FieldOffsets.HostSignal), HostRegister.Rdi);
        emitter.Load32(HostRegister.Rax, new HostOperand(HostRegister.Rsi, 8));
        emitter.Store32(InState(FieldOffsets.HostSignalCode), HostRegister.Rax);
        emitter.Load(HostRegister.Rax, new HostOperand(HostRegister.Rsi, 16));
        emitter.Store(InState(FieldOffsets.FaultAddress), HostRegister.Rax);
        emitter.Load(HostRegister.Rax, new HostOperand(HostRegister.R8, 16));
        emitter.Store(new HostOperand(HostRegister.Rdx, RipInContext), HostRegister.Rax);
        emitter.Return();
    }

    private static HostOperand InState(int field) => new(HostRegister.Rcx, field - VcpuState.Bias);

    /// <summary>A range of generated code. An empty slot starts at 0 and ends at 0.</summary>
    private struct Slot
    {
        public byte* Start;
        public byte* End;
        public byte* Exit;
    }
}
