using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.Sequences;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Runs;

/// <summary>Compares random programs and shrinks the ones that differ.</summary>
internal sealed class SequenceRun(IProcessor oracle, IReadOnlyList<IProcessor> subjects, RunReport report)
{
    private readonly Comparison _comparison = new(oracle, subjects);
    private readonly StateComparer _comparer = new();

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

    private Failure? Differ(ProgramDraft draft) =>
        TryRunOracle(draft) ? _comparison.CompareSubjects(draft.Program, _comparer) : null;

    /// <remarks>AMD checks the alignment of vectors of any size, Intel only up to 8 bytes.</remarks>
    private bool TryRunOracle(ProgramDraft draft) => _comparison.TryRunOracle(draft.Program)
        && (HostVendor.IsIntel || _comparison.Expected.Vector != ExceptionVectors.AlignmentCheck);
}
