using System.Globalization;

namespace Hearth.Boot.Tests;

/// <summary>The CPU engine that the guests of these tests run on: the software engine, or in the proving ground KVM.</summary>
internal static class TestEngine
{
    /// <summary>The trait of those tests that every run in the proving ground has; the others have a command of their own.</summary>
    public const string Suite = "KVM";

    /// <inheritdoc cref="Suite"/>
    public const string Few = "few";

    private static readonly string? s_model = Environment.GetEnvironmentVariable("HEARTH_TEST_CPU_MODEL");

    /// <summary>$HEARTH_TEST_ENGINE and $HEARTH_TEST_CPU_MODEL, as arguments for <c>hearth vm run</c>.</summary>
    public static IReadOnlyList<string> Arguments { get; } = WithModel(s_model);

    /// <summary>The same with a CPU model that the test is about; the test is skipped where guests can have another one only.</summary>
    public static IReadOnlyList<string> ArgumentsFor(string model)
    {
        Assert.SkipUnless(s_model is null || s_model == model, $"guests have $HEARTH_TEST_CPU_MODEL here, {s_model}, and this is about {model}");
        return WithModel(model);
    }

    /// <summary>
    /// <c>,after=SECONDS</c> for what shall come when a guest has booted and its script waits. $HEARTH_TEST_SLOWNESS says how many times longer that
    /// takes where the machine itself is emulated.
    /// </summary>
    public static string After(int seconds)
    {
        int slowness = int.Parse(Environment.GetEnvironmentVariable("HEARTH_TEST_SLOWNESS") ?? "1", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $",after={seconds * slowness}");
    }

    /// <summary>Skips the test where no guest can run this kernel, which $HEARTH_TEST_WITHOUT_KERNEL says.</summary>
    public static void RequireKernel(string kernel) =>
        Assert.SkipWhen(Environment.GetEnvironmentVariable("HEARTH_TEST_WITHOUT_KERNEL") == kernel, $"no guest can run {kernel} here, says $HEARTH_TEST_WITHOUT_KERNEL");

    private static IReadOnlyList<string> WithModel(string? model) =>
    [
        "--engine", Environment.GetEnvironmentVariable("HEARTH_TEST_ENGINE") ?? "software",
        .. model is null ? (string[])[] : ["--cpu-model", model],
    ];
}
