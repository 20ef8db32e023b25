namespace Hearth.Bench;

/// <summary>What the tables are made of.</summary>
internal static class Statistics
{
    /// <returns>Null when there are no values.</returns>
    public static double? Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <returns>Null when there are no values.</returns>
    public static double? GeometricMean(IEnumerable<double> values)
    {
        double[] logarithms = [.. values.Select(value => Math.Log(value))];
        return logarithms.Length == 0 ? null : Math.Exp(logarithms.Average());
    }
}
