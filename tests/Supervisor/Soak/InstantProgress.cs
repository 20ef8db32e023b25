namespace Hearth.Supervisor.Tests.Soak;

/// <summary>Tells at once, by whoever reports.</summary>
internal sealed class InstantProgress(Action<double> told) : IProgress<double>
{
    public void Report(double value) => told(value);
}
