using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm;

/// <summary>Between <see cref="LocalApicState"/> and KVM's form of a local APIC: its register page (Intel SDM Vol. 3, table 11-1).</summary>
/// <remarks>The APIC timer of KVM counts nanoseconds, as that of the machine does: 1 GHz through the divider.</remarks>
internal static class ApicPage
{
    private const int Id = 0x020;
    private const int TaskPriority = 0x080;
    private const int LogicalDestination = 0x0D0;
    private const int DestinationFormat = 0x0E0;
    private const int SpuriousVector = 0x0F0;
    private const int InService = 0x100;
    private const int TriggerMode = 0x180;
    private const int Request = 0x200;
    private const int ErrorStatus = 0x280;
    private const int CommandLow = 0x300;
    private const int CommandHigh = 0x310;
    private const int VectorTable = 0x320;
    private const int InitialCount = 0x380;
    private const int CurrentCount = 0x390;
    private const int DivideConfiguration = 0x3E0;
    private const int Stride = 0x10;

    private const int TimerModeShift = 17;
    private const byte OneShot = 0;
    private const byte Deadline = 2;

    /// <param name="now">Nanoseconds of the machine's clock.</param>
    /// <param name="tscDeadline">IA32_TSC_DEADLINE.</param>
    public static LocalApicState Load(in kvm_lapic_state from, ulong apicBase, ulong tscDeadline, bool lint0, long now)
    {
        ReadOnlySpan<byte> page = MemoryMarshal.AsBytes(new ReadOnlySpan<kvm_lapic_state>(in from));
        var state = new LocalApicState
        {
            Base = apicBase,
            Lint0 = lint0,
            LogicalDestination = Read(page, LogicalDestination),
            DestinationFormat = Read(page, DestinationFormat),
            SpuriousVector = Read(page, SpuriousVector),
            Command = Read(page, CommandLow) | ((ulong)Read(page, CommandHigh) << 32),
            ErrorStatus = Read(page, ErrorStatus),
            TaskPriority = (byte)Read(page, TaskPriority),
            TimerMode = (byte)((Read(page, VectorTable) >> TimerModeShift) & 3),
            InitialCount = Read(page, InitialCount),
            DivideConfiguration = Read(page, DivideConfiguration),
            TscDeadline = tscDeadline,
        };
        LoadSet(page, Request, state.Requests);
        LoadSet(page, InService, state.InService);
        LoadSet(page, TriggerMode, state.LevelTriggered);
        for (int i = 0; i < LocalApicState.VectorTableLength; i++)
            state.VectorTable[i] = Read(page, VectorTable + (i * Stride));
        LoadTimer(state, Read(page, CurrentCount), now);
        return state;
    }

    public static kvm_lapic_state Store(LocalApicState from, int apicId, long now)
    {
        var result = default(kvm_lapic_state);
        Span<byte> page = MemoryMarshal.AsBytes(new Span<kvm_lapic_state>(ref result));
        Write(page, Id, (uint)apicId << 24);
        Write(page, TaskPriority, from.TaskPriority);
        Write(page, LogicalDestination, from.LogicalDestination);
        Write(page, DestinationFormat, from.DestinationFormat);
        Write(page, SpuriousVector, from.SpuriousVector);
        Write(page, ErrorStatus, from.ErrorStatus);
        Write(page, CommandLow, (uint)from.Command);
        Write(page, CommandHigh, (uint)(from.Command >> 32));
        StoreSet(page, Request, from.Requests);
        StoreSet(page, InService, from.InService);
        StoreSet(page, TriggerMode, from.LevelTriggered);
        for (int i = 0; i < LocalApicState.VectorTableLength; i++)
            Write(page, VectorTable + (i * Stride), from.VectorTable[i]);
        Write(page, DivideConfiguration, from.DivideConfiguration);
        StoreTimer(page, from, now);
        return result;
    }

    /// <summary>Adds the vectors that are requested or in service.</summary>
    /// <param name="to">256 bits.</param>
    public static void AddVectors(in kvm_lapic_state from, Span<ulong> to)
    {
        ReadOnlySpan<byte> page = MemoryMarshal.AsBytes(new ReadOnlySpan<kvm_lapic_state>(in from));
        for (int i = 0; i < to.Length; i++)
            to[i] |= ReadPart(page, Request, i) | ReadPart(page, InService, i);
    }

    private static void LoadTimer(LocalApicState state, uint current, long now)
    {
        if (state.TimerMode == Deadline)
        {
            // The deadline is what counts; whoever is woken before it looks again.
            state.TimerDue = state.TscDeadline == 0 ? LocalApicState.Never : now;
            return;
        }

        state.TscDeadline = 0;
        if (state.InitialCount == 0)
            return;
        long divisor = Divisor(state.DivideConfiguration);
        long rest = current * divisor;
        state.TimerStarted = now - ((state.InitialCount * divisor) - rest);

        // A one-shot timer may have ended since the vCPU stopped, and KVM not yet have raised its interrupt: it is due now, unless it is seen to have.
        bool hasFired = state.TimerMode == OneShot && current == 0 && IsKnown(state, (byte)state.VectorTable[0]);
        state.TimerDue = hasFired ? LocalApicState.Never : now + rest;
    }

    private static void StoreTimer(Span<byte> page, LocalApicState from, long now)
    {
        bool hasFired = from.TimerMode == OneShot && from.TimerDue == LocalApicState.Never;
        if (from.TimerMode == Deadline || from.InitialCount == 0 || hasFired)
            return;

        // KVM begins a count of zero anew.
        long rest = Math.Max(from.TimerDue - now, 0) / Divisor(from.DivideConfiguration);
        Write(page, InitialCount, from.InitialCount);
        Write(page, CurrentCount, (uint)Math.Clamp(rest, 1, from.InitialCount));
    }

    private static bool IsKnown(LocalApicState state, byte vector) => (((state.Requests[vector >> 6] | state.InService[vector >> 6]) >> vector) & 1) != 0;

    /// <summary>Bits 3, 1 and 0: 000 divides by 2, 110 by 128, 111 by 1.</summary>
    private static long Divisor(uint configuration) => 1L << (int)((((configuration & 3) | ((configuration >> 1) & 4)) + 1) & 7);

    private static void LoadSet(ReadOnlySpan<byte> page, int from, ulong[] to)
    {
        for (int i = 0; i < to.Length; i++)
            to[i] = ReadPart(page, from, i);
    }

    /// <returns>Vectors 64 * part to 64 * part + 63 of a set.</returns>
    private static ulong ReadPart(ReadOnlySpan<byte> page, int set, int part)
    {
        int low = set + (2 * part * Stride);
        return Read(page, low) | ((ulong)Read(page, low + Stride) << 32);
    }

    private static void StoreSet(Span<byte> page, int to, ulong[] from)
    {
        for (int i = 0; i < from.Length; i++)
        {
            Write(page, to + (2 * i * Stride), (uint)from[i]);
            Write(page, to + (((2 * i) + 1) * Stride), (uint)(from[i] >> 32));
        }
    }

    private static uint Read(ReadOnlySpan<byte> page, int register) => BinaryPrimitives.ReadUInt32LittleEndian(page[register..]);

    private static void Write(Span<byte> page, int register, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(page[register..], value);
}
