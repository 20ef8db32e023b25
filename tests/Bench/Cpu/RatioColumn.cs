namespace Hearth.Bench.Cpu;

/// <summary>A column that divides one contender's time by another's.</summary>
/// <param name="Key">Its name in the JSON.</param>
/// <param name="Meaning">What a number in it says, for the line below the table.</param>
internal sealed record RatioColumn(string Key, string Title, string Contender, string Than, string Meaning);
