using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Oracle;

/// <summary>
/// What this host lets a program do, found out once by running programs: kernels and hypervisors take parts of the processor
/// away, and CPUID does not tell of all of them.
/// </summary>
internal sealed class HostTraits
{
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rsp = 4;

    private static readonly Lazy<HostTraits> s_current = new(Probe);

    private readonly HashSet<CodeMode> _modes = [];
    private readonly HashSet<ushort> _selectors = [];
    private readonly HashSet<byte> _ownInterrupts = [];

    private HostTraits()
    {
    }

    /// <exception cref="OracleException">The host does not allow tracing.</exception>
    public static HostTraits Current => s_current.Value;

    /// <summary>Programs may start with a stack pointer that is no canonical address.</summary>
    public bool TakesAnyStackPointer { get; private set; }

    /// <summary>A null selector is read back as it was loaded, with the base 0 that Intel's processors leave.</summary>
    public bool ShowsNullSegments { get; private set; }

    /// <summary>WRFSBASE and WRGSBASE are allowed, and the kernel knows of it.</summary>
    public bool WritesSegmentBases { get; private set; }

    public bool Runs(CodeMode mode) => _modes.Contains(mode);

    /// <summary>Whether a segment of <see cref="Selectors"/> is there to be loaded.</summary>
    public bool HasSegment(ushort selector) => _selectors.Contains(selector);

    /// <summary>Whether INT with this vector means something to the kernel or hypervisor, instead of raising #GP.</summary>
    public bool OwnsInterrupt(byte vector) => _ownInterrupts.Contains(vector);

    private static HostTraits Probe()
    {
        using var host = new NativeProcessor();
        var outcome = new Outcome();
        var traits = new HostTraits();
        foreach (CodeMode mode in Enum.GetValues<CodeMode>())
        {
            if (Ends(host, Nop(mode), outcome))
                traits._modes.Add(mode);
        }

        for (int vector = 0; vector <= byte.MaxValue; vector++)
        {
            if (vector is not (ExceptionVectors.Breakpoint or ExceptionVectors.Overflow) && !IsRefused(host, (byte)vector, outcome))
                traits._ownInterrupts.Add((byte)vector);
        }

        foreach (ushort selector in (ReadOnlySpan<ushort>)[Selectors.Code32, Selectors.Data, Selectors.Code64, Selectors.Code16, Selectors.Data16, Selectors.Stack16])
        {
            const ulong Zero = 1 << 6;
            if (Ends(host, LoadAccessRights(selector), outcome) && (outcome.State.Rflags & Zero) != 0)
                traits._selectors.Add(selector);
        }

        TestProgram unusual = Nop(CodeMode.Long);
        unusual.State.Registers[Rsp] = 1UL << 63;
        traits.TakesAnyStackPointer = Ends(host, unusual, outcome);
        traits.ShowsNullSegments = Ends(host, LoadFs(selector: 3), outcome) && outcome.State is { Segments: [_, _, _, _, 3, _], FsBase: 0 };
        traits.WritesSegmentBases = Ends(host, WriteFsBase(MemoryLayout.High.Address), outcome) && outcome.State.FsBase == MemoryLayout.High.Address;
        return traits;
    }

    private static bool Ends(NativeProcessor host, TestProgram program, Outcome outcome)
    {
        host.Run(program, outcome);
        return outcome is { End: EndKind.Exception, Vector: ExceptionVectors.Breakpoint };
    }

    /// <summary>INT vector: #GP whose error code names the gate, with RIP at the instruction.</summary>
    private static bool IsRefused(NativeProcessor host, byte vector, Outcome outcome)
    {
        const uint InTable = 2;
        TestProgram program = Program(CodeMode.Long, [0xCD, vector]);
        host.Run(program, outcome);
        return outcome is { End: EndKind.Exception, Vector: ExceptionVectors.GeneralProtection }
            && outcome.ErrorCode == ((vector * 8u) | InTable)
            && outcome.State.Rip == program.Entry;
    }

    private static TestProgram Nop(CodeMode mode) => Program(mode, [0x90]);

    /// <summary>LAR EAX, ECX.</summary>
    private static TestProgram LoadAccessRights(ushort selector)
    {
        TestProgram program = Program(CodeMode.Long, [0x0F, 0x02, 0xC1]);
        program.State.Registers[Rcx] = selector;
        return program;
    }

    /// <summary>MOV FS, ECX.</summary>
    private static TestProgram LoadFs(ushort selector)
    {
        TestProgram program = Program(CodeMode.Long, [0x8E, 0xE1]);
        program.State.Registers[Rcx] = selector;
        program.State.FsBase = MemoryLayout.Data.Address;
        return program;
    }

    /// <summary>WRFSBASE RAX.</summary>
    private static TestProgram WriteFsBase(ulong value)
    {
        TestProgram program = Program(CodeMode.Long, [0xF3, 0x48, 0x0F, 0xAE, 0xD0]);
        program.State.Registers[Rax] = value;
        return program;
    }

    private static TestProgram Program(CodeMode mode, ReadOnlySpan<byte> code)
    {
        var program = new TestProgram(mode);
        program.SetCode(code, 0);
        return program;
    }
}
