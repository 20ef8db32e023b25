using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Generation;

/// <summary>Random initial states: every register, all user flags, floating-point environments, memory.</summary>
internal sealed class RandomState
{
    private const ulong ArithmeticFlags = 0x8D5;
    private const ulong AlwaysSet = 0x202;
    private const ulong Direction = 1 << 10;
    private const ulong AlignmentCheck = 1 << 18;

    /// <summary>RFLAGS.TF.</summary>
    public const ulong Trap = 1 << 8;

    private const int PoolLength = 1 << 18;

    private static readonly byte[] s_pool = CreatePool();

    /// <summary>Fills state and memory; segments, RIP and RSP stay sensible for the mode.</summary>
    public static void Fill(TestProgram program, SeededRandom random)
    {
        ProcessorState state = program.State;
        ulong stackPointer = StackPointer(program.Mode, random);
        for (int i = 0; i < 16; i++)
            state.Registers[i] = Narrow(program.Mode, RandomValues.Integer(random));
        state.Registers[4] = stackPointer;
        state.Rflags = AlwaysSet | (random.Next() & ArithmeticFlags);
        if (random.Chance(15))
            state.Rflags |= Direction;
        if (random.Chance(4))
            state.Rflags |= AlignmentCheck;
        if (random.Chance(2))
            state.Rflags |= Trap;
        if (program.Mode == CodeMode.Long)
            (state.FsBase, state.GsBase) = (SegmentBase(random), SegmentBase(random));
        FillVectors(state, random);
        int from = random.Below((PoolLength - MemoryLayout.ImageLength) / 64) * 64;
        s_pool.AsSpan(from, MemoryLayout.ImageLength).CopyTo(program.Memory);
    }

    /// <summary>Cuts a value to what a register of the mode holds: the upper halves do not exist outside 64-bit code.</summary>
    public static ulong Narrow(CodeMode mode, ulong value) => mode == CodeMode.Long ? value : (uint)value;

    private static ulong StackPointer(CodeMode mode, SeededRandom random)
    {
        ulong stack = mode == CodeMode.Protected16 ? 0 : MemoryLayout.Stack.Address;
        return stack + random.Below(20) switch
        {
            0 => 0x1000 + (ulong)random.Between(-8, 8),
            1 => (ulong)random.Between(0, 16),
            2 => (ulong)(MemoryLayout.Stack.Length - random.Between(0, 16)),
            3 => (ulong)random.Between(0x100, 0x1F00),
            _ => (ulong)random.Between(0x20, 0x1F0) * 16,
        };
    }

    private static ulong SegmentBase(SeededRandom random) => random.Below(3) switch
    {
        0 => 0,
        1 => MemoryLayout.Data.Address + (ulong)random.Below(0x2000),
        _ => MemoryLayout.High.Address + (ulong)random.Below(0x1000),
    };

    private static void FillVectors(ProcessorState state, SeededRandom random)
    {
        for (int i = 0; i < 16; i++)
        {
            RandomValues.Vector(random, state.Xmm(i));
            RandomValues.Vector(random, state.YmmHigh(i));
        }

        for (int i = 0; i < 8; i++)
            RandomValues.Extended(random, state.X87(i));
        state.Mxcsr = Mxcsr(random);
        state.X87Control = random.Chance(50) ? (ushort)0x37F : (ushort)(((int)random.Next() & 0xF00) | (random.Chance(90) ? 0x7F : 0x40 | random.Below(64)));
        state.X87Tags = random.Below(3) switch { 0 => 0xFF, 1 => 0, _ => (byte)random.Next() };
        state.X87Status = (ushort)(random.Next() & (random.Chance(85) ? 0x7F00UL : 0x7F7FUL));
        SetErrorSummary(state);
    }

    /// <summary>Rounding, flush-to-zero, denormals-are-zero and sticky flags at random; exceptions mostly masked.</summary>
    public static uint Mxcsr(SeededRandom random) => random.Below(4) switch
    {
        0 or 1 => 0x1F80,
        2 => 0x1F80 | ((uint)random.Next() & 0xE07F),
        _ => (uint)random.Next() & 0xFFFF,
    };

    /// <summary>ES and B follow from the flags and masks; the processor recomputes them on a load, and so do we.</summary>
    private static void SetErrorSummary(ProcessorState state)
    {
        const int ErrorSummaryAndBusy = 0x8080;
        int pending = state.X87Status & ~state.X87Control & 0x3F;
        state.X87Status = (ushort)((state.X87Status & ~ErrorSummaryAndBusy) | (pending != 0 ? ErrorSummaryAndBusy : 0));
    }

    private static byte[] CreatePool()
    {
        byte[] pool = new byte[PoolLength];
        var random = new SeededRandom(0x4865_6172_7468);
        for (int i = 0; i < pool.Length; i += 64)
            RandomValues.Vector(random, pool.AsSpan(i, 64));
        return pool;
    }
}
