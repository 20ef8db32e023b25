namespace Hearth.Hostile;

/// <summary>The descriptors that the test gives, by number.</summary>
internal static class GivenNumber
{
    public const int Seal = 3;

    /// <summary>Where what was found out is written to.</summary>
    public const int Report = 4;

    /// <summary>A file that is open for reading only.</summary>
    public const int ReadOnlyFile = 5;

    /// <summary>A page of memory that is shared with the test: its first word is counted up.</summary>
    public const int Counter = 6;

    /// <summary>A connected Unix socket.</summary>
    public const int Socket = 7;
}
