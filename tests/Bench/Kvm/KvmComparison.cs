namespace Hearth.Bench.Kvm;

/// <summary>All values of one figure.</summary>
internal sealed class KvmComparison(KvmFigure figure)
{
    public KvmFigure Figure { get; } = figure;

    /// <summary>By contender, in the order they were measured.</summary>
    public Dictionary<string, List<double>> Values { get; } = [];

    public double Ratio => Median("hearth") / Median("qemu");

    public void Add(string contender, double value)
    {
        if (!Values.TryGetValue(contender, out List<double>? values))
            Values[contender] = values = [];
        values.Add(value);
    }

    public double Median(string contender) => Statistics.Median(Values[contender]) ?? double.NaN;
}
