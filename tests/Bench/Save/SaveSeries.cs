namespace Hearth.Bench.Save;

/// <summary>All values, by series and contender, in the order they were measured.</summary>
internal sealed class SaveSeries
{
    public const string Hearth = "hearth";
    public const string HearthAot = "hearth-aot";
    public const string Qemu = "qemu";

    private readonly Dictionary<(string Series, string Contender), List<double>> _values = [];
    private readonly List<string> _failures = [];

    /// <summary>What could not be measured, a sentence each.</summary>
    public IReadOnlyList<string> Failures => _failures;

    public IEnumerable<(string Series, string Contender, IReadOnlyList<double> Values)> All => _values.Select(pair => (pair.Key.Series, pair.Key.Contender, (IReadOnlyList<double>)pair.Value));

    public void Add(string series, string contender, double value)
    {
        if (!_values.TryGetValue((series, contender), out List<double>? values))
            _values[(series, contender)] = values = [];
        values.Add(value);
    }

    /// <param name="sentence">Without a full stop.</param>
    public void Fail(string sentence) => _failures.Add(sentence);

    /// <returns>Null when there are no values.</returns>
    public double? Quantile(string series, string contender, double quantile)
    {
        if (!_values.TryGetValue((series, contender), out List<double>? values))
            return null;
        if (quantile == SaveFigure.Median)
            return Statistics.Median(values);
        double[] sorted = [.. values.Order()];
        return sorted[Math.Max((int)Math.Ceiling(quantile * sorted.Length) - 1, 0)];
    }
}
