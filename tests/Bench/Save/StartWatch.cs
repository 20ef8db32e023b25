using System.Diagnostics;
using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>Notes when the supervisor starts a guest's process: its log is made just before.</summary>
internal sealed class StartWatch : IDisposable
{
    private readonly FileSystemWatcher _watcher;
    private long _started;

    /// <param name="log">Its folder is there.</param>
    public StartWatch(string log)
    {
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(log)!, Path.GetFileName(log)) { NotifyFilter = NotifyFilters.FileName };
        _watcher.Created += (_, _) => Volatile.Write(ref _started, Stopwatch.GetTimestamp());
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>As <see cref="Stopwatch.GetTimestamp"/> has it.</summary>
    /// <exception cref="GuestsException">It was not started.</exception>
    public long Started => Volatile.Read(ref _started) is not 0 and var started ? started : throw new GuestsException("the guest's process was not started");

    public void Dispose() => _watcher.Dispose();
}
