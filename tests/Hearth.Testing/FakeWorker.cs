using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>A worker that works when it is told to.</summary>
public sealed class FakeWorker : IWorker
{
    private Action? _work;

    public bool IsRequested { get; private set; }

    public void Connect(Action work) => _work = work;

    public void Request() => IsRequested = true;

    /// <summary>Does what was asked for, and what is asked for meanwhile.</summary>
    public void Run()
    {
        while (IsRequested)
        {
            IsRequested = false;
            _work!();
        }
    }
}
