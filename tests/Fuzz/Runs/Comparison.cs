using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Runs;

/// <summary>Runs programs on the oracle and on every subject, and compares.</summary>
internal sealed class Comparison(IProcessor oracle, IReadOnlyList<IProcessor> subjects)
{
    private readonly Outcome _expected = new();
    private readonly Outcome _actual = new();

    /// <summary>How the oracle's last run ended.</summary>
    public Outcome Expected => _expected;

    /// <summary>Runs the oracle alone.</summary>
    /// <returns>False when the result cannot be compared: a system call, an endless loop, or a state no process can have.</returns>
    public bool TryRunOracle(TestProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        oracle.Run(program, _expected);

        // After SYSCALL or SYSENTER in 32-bit code the kernel returns to its vDSO, whatever the tracer does.
        const ulong KernelSupplied = 0x7000_0000_0000;
        bool left = program.Mode != CodeMode.Long && _expected.State.Rip >= KernelSupplied;
        return _expected.End == EndKind.Exception && !left;
    }

    /// <summary>The instruction at which the oracle's last run ended; an invalid one when its bytes are not mapped.</summary>
    public Instruction LastInstruction(CodeMode mode)
    {
        ulong rip = _expected.State.Rip;
        ulong linear = mode == CodeMode.Protected16 ? MemoryLayout.Code.Address + rip : rip;
        if (MemoryLayout.Find(linear) is not { } area)
            return default;
        int at = area.Offset + (int)(linear - area.Address);
        int bitness = mode switch { CodeMode.Long => 64, CodeMode.Protected16 => 16, _ => 32 };
        var reader = new ByteArrayCodeReader(_expected.Memory, at, (int)(area.End - linear));
        return Decoder.Create(bitness, reader, rip).Decode();
    }

    /// <summary>Runs every subject on the program that the oracle ran last.</summary>
    /// <remarks>
    /// What differs must differ twice: a hypervisor that takes the processor away in the middle of a program may lose a flag
    /// of it (NT).
    /// </remarks>
    /// <returns>The first difference found, or null.</returns>
    public Failure? CompareSubjects(TestProgram program, StateComparer comparer)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(comparer);
        Failure? once = CompareOnce(program, comparer);
        return once is null || !TryRunOracle(program) ? null : CompareOnce(program, comparer);
    }

    private Failure? CompareOnce(TestProgram program, StateComparer comparer)
    {
        foreach (IProcessor subject in subjects)
        {
            if (!subject.Supports(program.Mode))
                continue;
            subject.Run(program, _actual);
            if (!subject.IsConclusive(_actual))
                continue;
            IReadOnlyList<string> differences = comparer.Compare(program.Mode, _expected, _actual);
            if (differences.Count != 0)
                return new Failure(subject.Name, [.. differences]);
        }

        return null;
    }
}
