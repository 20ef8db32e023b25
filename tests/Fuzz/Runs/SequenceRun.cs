using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.Oracle;
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
    /// <param name="only">Programs of other modes are passed over.</param>
    public void Run(long first, long count, ulong seed, Func<bool> until, CodeMode? only = null)
    {
        ArgumentNullException.ThrowIfNull(until);
        for (long i = first; i < first + count && !until(); i++)
        {
            ulong derived = SeededRandom.Derive(seed, (ulong)i);
            if (only is null || ProgramGenerator.ModeOf(derived) == only)
                RunOne(derived);
        }
    }

    /// <summary>Runs the one program that belongs to a seed.</summary>
    public void RunOne(ulong seed)
    {
        CodeMode mode = ProgramGenerator.ModeOf(seed);
        if (HostLimits.ReasonFor(mode) is { } noMode)
        {
            report.AddLeftOut(mode.ToString(), noMode);
            return;
        }

        if (ProgramGenerator.Create(seed) is not { } draft)
        {
            report.AddNotEncodable("program");
            return;
        }

        if (ReasonFor(draft) is { } reason)
        {
            report.AddLeftOut("program", reason);
            return;
        }

        if (!TryRunOracle(draft))
        {
            report.AddInconclusive();
            return;
        }

        if (ReasonFor(draft, _comparison.Expected.State) is { } hidden)
        {
            report.AddLeftOut("program", hidden);
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

    /// <summary>Why this host cannot be asked, or null.</summary>
    private static string? ReasonFor(ProgramDraft draft)
    {
        foreach (ProgramItem item in draft.Items)
        {
            if (HostLimits.ReasonFor(item.Instruction) is { } reason)
                return reason;
        }

        return HostLimits.ReasonFor(draft.Program);
    }

    private static string? ReasonFor(ProgramDraft draft, ProcessorState after) =>
        draft.Items.Select(item => HostLimits.ReasonFor(item.Instruction, after)).FirstOrDefault(reason => reason is not null);

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
        if (HostVendor.IsIntel && MayPassOver(draft))
            return false;
        Instruction last = _comparison.LastInstruction(draft.Program.Mode);
        return !FormExclusions.IsExcluded(last.Mnemonic) && !UndefinedState.IsImplementationDefined(last, draft.Program, _comparison.Expected);
    }

    /// <summary>
    /// Somewhere in the program Intel's processors may go past what stops a subject (see <see cref="UndefinedState"/>): x87 does not look at memory that an
    /// exception keeps it from storing to, and the 8 bytes of half-precision conversions need no alignment.
    /// </summary>
    private static bool MayPassOver(ProgramDraft draft)
    {
        const ulong AlignmentCheckFlag = 1 << 18;
        bool unmasks = draft.Items.Any(item => item.Instruction.Mnemonic is Mnemonic.Fldcw or Mnemonic.Fldenv or Mnemonic.Frstor);
        bool storesX87 = draft.Items.Any(item => item.Instruction.Op0Kind == OpKind.Memory && item.Instruction.Mnemonic is
            Mnemonic.Fst or Mnemonic.Fstp or Mnemonic.Fist or Mnemonic.Fistp or Mnemonic.Fisttp or Mnemonic.Fbstp);
        bool checksAlignment = (draft.Program.State.Rflags & AlignmentCheckFlag) != 0 ||
            draft.Items.Any(item => item.Instruction.Mnemonic is Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq);
        bool converts = draft.Items.Any(item => item.Instruction.Mnemonic is Mnemonic.Vcvtps2ph or Mnemonic.Vcvtph2ps);
        return (unmasks && storesX87) || (checksAlignment && converts);
    }
}
