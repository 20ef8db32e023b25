namespace Hearth.Linux.Jail;

/// <summary>A place in a <see cref="LaunchScript"/> that steps before it go on at.</summary>
internal sealed class LaunchLabel
{
    /// <summary>The number of the step; negative as long as it has no place.</summary>
    public int Step { get; set; } = -1;
}
