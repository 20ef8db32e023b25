using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.Sequences;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Runs;

/// <summary>Compares random programs and shrinks the ones that differ.</summary>
internal sealed class SequenceRun(IProcessor oracle, IReadOnlyList<IProcessor> subjects, RunReport report)
{
    private readonly Comparison _comparison = new(oracle, subjects);

    /// <param name="first">Number of the first program.</param>
    /// <param name="count">How many.</param>
    /// <param name="until">Asked between programs; true ends the run.</param>
    public void Run(long first, long count, ulong seed, Func<bool> until)
    {
        ArgumentNullException.ThrowIfNull(until);
        for (long i = first; i < first + count && !until(); i++)
            RunOne(SeededRandom.Derive(seed, (ulong)i));
    }

    /// <summary>Runs the one program that belongs to a seed.</summary>
    public void RunOne(ulong seed)
    {
        if (ProgramGenerator.Create(seed) is not { } draft)
        {
            report.AddNotEncodable("program");
            return;
        }

        if (!TryRunOracle(draft))
        {
            report.AddInconclusive();
            return;
        }

        report.AddTest("program", _comparison.Expected.Vector);
        if (Differ(draft) is not { } failure)
            return;
        bool shrink = report.WantsMore;
        ProgramDraft small = shrink ? Shrinker.Shrink(draft, candidate => Differ(candidate) is not null) : draft;
        failure = Differ(small) ?? failure;
        string key = shrink ? ProgramText.Mnemonics(small) : "(not shrunk)";
        report.AddFailure(key, failure, $"programs --test {seed:X}", () => ProgramText.Describe(small.Program));
    }

    private Failure? Differ(ProgramDraft draft)
    {
        if (!TryRunOracle(draft))
            return null;
        Instruction last = _comparison.LastInstruction(draft.Program.Mode);
        var comparer = new StateComparer { FaultAddressMask = UndefinedState.FaultAddressMask(last) };
        return _comparison.CompareSubjects(draft.Program, comparer);
    }

    /// <returns>False when the end is one of those that processors of different makes do not agree on.</returns>
    private bool TryRunOracle(ProgramDraft draft)
    {
        if (!_comparison.TryRunOracle(draft.Program))
            return false;

        // AMD checks the alignment of vectors of any size, Intel only up to 8 bytes.
        if (!HostVendor.IsIntel && _comparison.Expected.Vector == ExceptionVectors.AlignmentCheck)
            return false;
        Instruction last = _comparison.LastInstruction(draft.Program.Mode);
        return !FormExclusions.IsExcluded(last.Mnemonic) && !UndefinedState.IsImplementationDefined(last, draft.Program, _comparison.Expected);
    }
}
