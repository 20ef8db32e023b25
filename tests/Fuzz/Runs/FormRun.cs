using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Generation;
using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Runs;

/// <summary>Compares every form, a number of random tests each.</summary>
internal sealed class FormRun(IProcessor oracle, IReadOnlyList<IProcessor> subjects, RunReport report)
{
    private readonly Comparison _comparison = new(oracle, subjects);

    /// <param name="tests">Tests of each form.</param>
    /// <param name="until">Asked between forms; true ends the run.</param>
    public void Run(IEnumerable<Form> forms, int tests, ulong seed, Func<bool> until)
    {
        ArgumentNullException.ThrowIfNull(forms);
        ArgumentNullException.ThrowIfNull(until);
        foreach (Form form in forms)
        {
            if (until())
                return;
            for (int i = 0; i < tests; i++)
                RunOne(form, SeedOf(form, seed, i));
        }
    }

    /// <summary>Runs the one test of a form that belongs to a seed.</summary>
    public void RunOne(Form form, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(form);
        if (HostLimits.ReasonFor(form.Mode) is { } noMode)
        {
            report.AddLeftOut(form.Mode.ToString(), noMode);
            return;
        }

        if (FormTest.Create(form, seed) is not { } test)
        {
            report.AddNotEncodable(form.ToString());
            return;
        }

        if ((HostLimits.ReasonFor(test.Instruction) ?? HostLimits.ReasonFor(test.Program)) is { } reason)
        {
            report.AddLeftOut(form.ToString(), reason);
            return;
        }

        if (!_comparison.TryRunOracle(test.Program) || UndefinedState.IsImplementationDefined(test.Instruction, test.Program, _comparison.Expected))
        {
            report.AddInconclusive();
            return;
        }

        if (HostLimits.ReasonFor(test.Instruction, _comparison.Expected.State) is { } hidden)
        {
            report.AddLeftOut(form.ToString(), hidden);
            return;
        }

        report.AddTest(form.ToString(), _comparison.Expected.Vector);
        if (_comparison.CompareSubjects(test.Program, test.CreateComparer()) is { } failure)
            report.AddFailure(form.ToString(), failure, $"forms --filter {form} --test {seed:X}", () => ProgramText.Describe(test.Program));
    }

    private static ulong SeedOf(Form form, ulong seed, int index) =>
        SeededRandom.Derive(seed, ((ulong)form.Code << 34) | ((ulong)form.Mode << 32) | (uint)index);
}
