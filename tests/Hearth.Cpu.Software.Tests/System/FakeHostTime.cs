namespace Hearth.Cpu.Software.Tests;

/// <summary>A host whose wall clock stands still.</summary>
internal sealed class FakeHostTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2030, 5, 6, 7, 8, 9, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}
