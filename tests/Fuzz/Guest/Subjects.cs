using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Guest;

/// <summary>What is tested against the host.</summary>
internal static class Subjects
{
    /// <summary>The software engine in every flavour of guest.</summary>
    public static IReadOnlyList<IProcessor> Create() => [];
}
