using Hearth.Machine;

namespace Hearth.Vm.Running;

/// <summary>A thread that sleeps until there is work.</summary>
internal sealed class WorkerThread : IWorker, IDisposable
{
    private readonly AutoResetEvent _wanted = new(false);
    private readonly Thread _thread;
    private Action? _work;
    private volatile bool _isEnding;

    public WorkerThread(string name) => _thread = new Thread(Run) { IsBackground = true, Name = name };

    public void Connect(Action work)
    {
        _work = work;
        _thread.Start();
    }

    public void Request() => _wanted.Set();

    /// <summary>Waits for work that is under way; no more is begun.</summary>
    public void Dispose()
    {
        _isEnding = true;
        _wanted.Set();
        if (_thread.IsAlive)
            _thread.Join();
        _wanted.Dispose();
    }

    private void Run()
    {
        while (_wanted.WaitOne() && !_isEnding)
            _work!();
    }
}
