namespace Hearth.Boot.Tests;

/// <summary>The CPU engine that the guests of these tests run on: the software engine, or in the proving ground KVM.</summary>
internal static class TestEngine
{
    /// <summary>$HEARTH_TEST_ENGINE and $HEARTH_TEST_CPU_MODEL, as arguments for <c>hearth vm run</c>.</summary>
    public static IReadOnlyList<string> Arguments { get; } =
    [
        "--engine", Environment.GetEnvironmentVariable("HEARTH_TEST_ENGINE") ?? "software",
        .. Environment.GetEnvironmentVariable("HEARTH_TEST_CPU_MODEL") is { } model ? (string[])["--cpu-model", model] : [],
    ];
}
