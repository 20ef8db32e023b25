using System.Text.Json;
using System.Text.RegularExpressions;

namespace Hearth.Boot.Tests;

/// <summary><c>hearth doctor</c> as a user runs it, beside the <c>hearth-vm</c> that it asks.</summary>
public sealed partial class DoctorTests
{
    [Fact]
    public void Json_ofThisHost_isADocumentAndNothingElse()
    {
        HearthOutcome outcome = HearthProcess.Run(["doctor", "--json"]);

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error.Trim()));
        using var json = JsonDocument.Parse(outcome.Console);
        JsonElement engine = json.RootElement.GetProperty("engine");
        Assert.Matches("^(kvm|software)$", engine.GetProperty("auto").GetString());
        Assert.Equal(["x86-64-v2", "x86-64-v3", "x86-64-v3-2021"], engine.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("name").GetString()));
        Assert.True(json.RootElement.GetProperty("processor").GetProperty("threads").GetInt32() > 0);
        Assert.True(json.RootElement.GetProperty("memory").GetProperty("available").GetInt64() > 0);
    }

    [Fact]
    public void Table_whereKvmIsNotTaken_givesTheReasonThatVmRunGives()
    {
        HearthOutcome table = HearthProcess.Run(["doctor"]);
        Assert.SkipWhen(table.Console.StartsWith("Guests run on the processor", StringComparison.Ordinal), "KVM is of use here: nothing is said against it");

        HearthOutcome run = HearthProcess.Run(["vm", "run", "--kernel", "/dev/null", "--engine", "kvm"]);

        Assert.Equal((0, ""), (table.ExitCode, table.Error.Trim()));
        Assert.Equal(
            WithoutMeasures(run.Error).Trim().Replace("hearth: --engine kvm:", "Guests run on the software engine:", StringComparison.Ordinal),
            WithoutMeasures(table.Lines[0]));
    }

    [Fact]
    public void Table_fromAnEmptyEnvironment_isTheSame()
    {
        HearthOutcome outcome = HearthProcess.Run(["doctor"], ("PATH", null), ("HOME", null), ("HEARTH_PASST", null));

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error.Trim()));
        Assert.StartsWith("Guests run on the ", outcome.Console, StringComparison.Ordinal);
        Assert.Contains("passt is not in $PATH", outcome.Console, StringComparison.Ordinal);
    }

    /// <summary>Two trials never measure quite the same.</summary>
    private static string WithoutMeasures(string text) => Measure().Replace(text, "N million");

    [GeneratedRegex(@"\d+\.\d million")]
    private static partial Regex Measure();
}
