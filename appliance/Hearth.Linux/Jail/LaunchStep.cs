using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>One system call of a <see cref="LaunchScript"/>, and where the script goes on after it.</summary>
internal sealed class LaunchStep
{
    /// <param name="attempt">What it tries, in words that an error message can begin with: <c>cannot make namespaces</c>.</param>
    /// <param name="number">The system call (<see cref="SystemCallNumber"/>).</param>
    /// <param name="arguments">Up to six; the rest is zero.</param>
    public LaunchStep(string attempt, int number, params ReadOnlySpan<ulong> arguments)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(arguments.Length, MaximumArguments);
        Attempt = attempt;
        Number = number;
        Arguments = [.. arguments];
    }

    /// <summary>System calls on x86-64 have no more (syscall(2)).</summary>
    public const int MaximumArguments = 6;

    public string Attempt { get; }

    public int Number { get; }

    public ulong[] Arguments { get; }

    /// <summary>Where its result is written, an address in the script's memory; null for nowhere.</summary>
    public ulong? Result { get; init; }

    /// <summary>A later step whose first argument its result becomes: what is opened goes to the call that uses it.</summary>
    public LaunchStep? Feeds { get; init; }

    /// <summary>Where the script goes on when the result is zero; null for the next step.</summary>
    public LaunchLabel? OnZero { get; init; }

    /// <summary>Where the script goes on when it has told of the failure; null for its end (<see cref="LaunchScript.End"/>).</summary>
    public LaunchLabel? OnFailure { get; init; }

    /// <summary>What is lacking when it fails, of a step that need not succeed; otherwise the layer without which the script is to be tried again.</summary>
    public JailLayers Layer { get; init; }
}
