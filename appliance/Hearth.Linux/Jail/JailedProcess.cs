namespace Hearth.Linux.Jail;

/// <summary>A program that <see cref="GuestJail"/> has started.</summary>
public sealed class JailedProcess : IDisposable
{
    // Beside the process, as long as it is not sealed: what will empty its root. Null where there are no namespaces.
    private readonly ProcessHandle? _sealer;

    internal JailedProcess(ProcessHandle process, ProcessHandle? sealer, JailLayers layers, IReadOnlyList<string> lacking)
    {
        Process = process;
        _sealer = sealer;
        Layers = layers;
        Lacking = lacking;
    }

    public int Id => Process.Id;

    public ProcessHandle Process { get; }

    /// <summary>What is in place; <see cref="JailLayers.EmptyRoot"/> joins when <see cref="WaitSealed"/> has seen it. System calls are the program's own to restrict.</summary>
    public JailLayers Layers { get; private set; }

    /// <summary>What is not in place on this host and why, a sentence each.</summary>
    public IReadOnlyList<string> Lacking { get; }

    /// <summary>Waits until the root has been emptied: known from what has done it, not from the program.</summary>
    /// <returns>False when that has not happened in time, or cannot any more.</returns>
    public bool WaitSealed(TimeSpan limit)
    {
        if (_sealer is not null && _sealer.WaitEnded(limit) && _sealer.TryReap() is { ExitCode: SealedCode, Signal: 0 })
            Layers |= JailLayers.EmptyRoot;
        return Layers.HasFlag(JailLayers.EmptyRoot);
    }

    /// <summary>What the first process ends with when it has emptied the root.</summary>
    internal const int SealedCode = 0;

    /// <summary>Ends the process and all that it has started, and waits for it.</summary>
    /// <returns>How it ended; null when somebody else has taken that.</returns>
    public ProcessEnding? End()
    {
        _ = Process.TrySignal(Signal.Kill);
        _ = Process.WaitEnded(Timeout.InfiniteTimeSpan);
        ProcessEnding? ending = Process.TryReap();
        EndSealer();
        return ending;
    }

    /// <summary>Lets the process go on. Its <see cref="ProcessIdentity"/> leads back to it.</summary>
    public void Dispose()
    {
        _ = WaitSealed(TimeSpan.Zero);
        _sealer?.Dispose();
        Process.Dispose();
    }

    /// <summary>Without the program there is nobody it waits for.</summary>
    private void EndSealer()
    {
        if (_sealer is null)
            return;
        _ = _sealer.TrySignal(Signal.Kill);
        _ = _sealer.WaitEnded(Timeout.InfiniteTimeSpan);
        _ = _sealer.TryReap();
    }
}
