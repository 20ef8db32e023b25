using System.Globalization;

namespace Hearth.Bench.Save;

/// <summary>What a figure of Hearth's is to be.</summary>
/// <param name="Bound">The most it may be, or the least.</param>
/// <param name="IsLeast">It is the least.</param>
/// <param name="Than">The bound is so many times the figure of this name; null where it is a number of its own.</param>
internal sealed record SaveGoal(double Bound, bool IsLeast = false, string? Than = null)
{
    /// <param name="value">The figure's; null where it was not measured.</param>
    /// <param name="other">That of <see cref="Than"/>.</param>
    /// <returns>Null where it cannot be said.</returns>
    public bool? Holds(double? value, double? other)
    {
        double? bound = Than is null ? Bound : Bound * other;
        return value is null || bound is null ? null : IsLeast ? value >= bound : value <= bound;
    }

    public override string ToString()
    {
        string bound = Bound.ToString("0.##", CultureInfo.InvariantCulture);
        return $"{(IsLeast ? ">=" : "<=")} {bound}{(Than is null ? "" : $" x {Than}")}";
    }
}
