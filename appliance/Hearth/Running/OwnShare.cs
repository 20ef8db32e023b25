using Hearth.Linux;

namespace Hearth.Running;

/// <summary>What this process, a session of its own, gets of the processors: more while somebody waits for what it does, and an ordinary share of them else, as guests are what they are for.</summary>
internal static class OwnShare
{
    private static readonly Lock s_lock = new();
    private static int s_count;

    /// <summary>Has a larger share until it is disposed of, or longer where others want one, too.</summary>
    public static IDisposable Raise()
    {
        lock (s_lock)
        {
            if (++s_count == 1)
                _ = SessionShare.TrySet(SessionShare.Larger);
        }

        return new Raised();
    }

    private static void Lower()
    {
        lock (s_lock)
        {
            if (--s_count == 0)
                _ = SessionShare.TrySet(SessionShare.Usual);
        }
    }

    private sealed class Raised : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
                Lower();
        }
    }
}
