using Hearth.Machine;

namespace Hearth.Storage;

/// <summary>The threads on which one image's requests wait for the disk. Nothing is allocated once the queue has grown.</summary>
internal sealed class RequestWorkers : IDisposable
{
    /// <summary>Requests that wait for the disk at once; more than a few gain nothing on one image.</summary>
    public const int ThreadCount = 4;

    private const int InitialQueueLength = 128;
    private const int StackLength = 256 * 1024;

    /// <summary>Whose thread this is; null on all others.</summary>
    [ThreadStatic]
    private static RequestWorkers? t_owner;

    private readonly object _gate = new();
    private readonly Queue<BlockRequest> _queue = new(InitialQueueLength);
    private readonly Thread[] _threads = new Thread[ThreadCount];
    private readonly Executor _execute;
    private bool _stopping;

    /// <param name="name">Names the threads.</param>
    /// <param name="execute">Does one request and may wait.</param>
    public RequestWorkers(string name, Executor execute)
    {
        _execute = execute;
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i;
            _threads[i] = new Thread(() => Work(worker), StackLength) { IsBackground = true, Name = $"disk {Path.GetFileName(name)} {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Does a request and says how it ended.</summary>
    /// <param name="worker">Which of the threads it is on.</param>
    public delegate BlockStatus Executor(int worker, in BlockRequest request);

    public void Enqueue(in BlockRequest request)
    {
        lock (_gate)
        {
            _queue.Enqueue(request);

            // The next piece of what a worker has just ended, as a rule: it takes that itself, and to wake another would cost more than the piece.
            if (t_owner != this || _queue.Count > 1)
                Monitor.Pulse(_gate);
        }
    }

    /// <summary>Ends what is queued, then the threads.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Work(int worker)
    {
        t_owner = this;
        while (TryDequeue(out BlockRequest request))
            request.Completion.Complete(request.Tag, _execute(worker, request));
    }

    private bool TryDequeue(out BlockRequest request)
    {
        lock (_gate)
        {
            while (!_queue.TryDequeue(out request))
            {
                if (_stopping)
                    return false;
                Monitor.Wait(_gate);
            }

            return true;
        }
    }
}
