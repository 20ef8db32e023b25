using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>Every instruction form that the CPU models promise, from Iced's opcode tables.</summary>
internal static class FormCatalogue
{
    private static readonly Lazy<IReadOnlyList<Form>> s_all = new(Enumerate);

    /// <summary>All forms that are compared with the host.</summary>
    public static IReadOnlyList<Form> All => s_all.Value;

    /// <summary>The forms of the models that are not compared, with the reason for each.</summary>
    public static IEnumerable<(Form Form, string Reason)> Excluded => Candidates()
        .Select(form => (form, FormExclusions.ReasonFor(form)))
        .Where(pair => pair.Item2 is not null)
        .Select(pair => (pair.form, pair.Item2!));

    private static List<Form> Enumerate() => [.. Candidates().Where(form => FormExclusions.ReasonFor(form) is null)];

    private static IEnumerable<Form> Candidates()
    {
        foreach (Code code in Enum.GetValues<Code>())
        {
            OpCodeInfo info = code.ToOpCode();
            if (!info.IsInstruction || !ModelFeatures.Promises(code))
                continue;
            if (info.Mode64)
                yield return new Form(code, CodeMode.Long);
            if (info.Mode32)
                yield return new Form(code, CodeMode.Protected32);
            if (info.Mode16)
                yield return new Form(code, CodeMode.Protected16);
        }
    }
}
