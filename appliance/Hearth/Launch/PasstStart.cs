namespace Hearth.Launch;

/// <summary>How a passt is started for a guest.</summary>
/// <param name="Program">Its path where it was given; found by itself otherwise.</param>
/// <param name="IsHeard">What it says goes to standard error.</param>
/// <param name="Started">Takes its process id.</param>
internal sealed record PasstStart(string? Program, bool IsHeard, Action<int> Started);
