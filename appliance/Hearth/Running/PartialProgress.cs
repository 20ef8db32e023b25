namespace Hearth.Running;

/// <summary>The share of one part of something, as a share of the whole.</summary>
/// <param name="from">The share of the whole where the part begins.</param>
/// <param name="to">Where it ends.</param>
internal sealed class PartialProgress(IProgress<double> whole, double from, double to) : IProgress<double>
{
    public void Report(double value) => whole.Report(from + (value * (to - from)));
}
