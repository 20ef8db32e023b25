using Hearth.Linux;

namespace Hearth.Running;

/// <summary>What this process, a session of its own, gets of the processors: more while somebody waits for what it does, and an ordinary share of them else, as guests are what they are for.</summary>
/// <remarks>There is one of a process, as there is one session.</remarks>
internal sealed class OwnShare
{
    private readonly Lock _lock = new();
    private int _count;

    /// <summary>Has a larger share until it is disposed of, or longer where others want one, too.</summary>
    public IDisposable Raise()
    {
        lock (_lock)
        {
            if (++_count == 1)
                _ = SessionShare.TrySet(SessionShare.Larger);
        }

        return new Raised(this);
    }

    private void Lower()
    {
        lock (_lock)
        {
            if (--_count == 0)
                _ = SessionShare.TrySet(SessionShare.Usual);
        }
    }

    private sealed class Raised(OwnShare share) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
                share.Lower();
        }
    }
}
