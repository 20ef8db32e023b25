namespace Hearth.Store;

/// <summary>A copy of the store for each of the last days. LiteDB's files have been seen to break.</summary>
internal sealed class Backups : IDisposable
{
    private const int Kept = 3;
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_look = TimeSpan.FromHours(1);

    private readonly StoreFile _file;
    private readonly StorePaths _paths;
    private readonly TimeProvider _clock;
    private readonly Action<string> _log;
    private readonly ITimer _timer;
    private readonly Lock _making = new();

    /// <param name="file">Which was read as a whole: what is damaged must never take the place of a good copy.</param>
    /// <param name="log">Takes a sentence where a copy could not be made.</param>
    public Backups(StoreFile file, StorePaths paths, TimeProvider clock, Action<string> log)
    {
        _file = file;
        _paths = paths;
        _clock = clock;
        _log = log;
        _timer = clock.CreateTimer(_ => MakeWhenDue(), null, TimeSpan.Zero, s_look);
    }

    /// <summary>Makes a copy where the last one is a day old.</summary>
    public void MakeWhenDue()
    {
        lock (_making)
            MakeWhenDueLocked();
    }

    /// <summary>A store that was open for a moment only has its copy, too.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        MakeWhenDue();
    }

    private void MakeWhenDueLocked()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        try
        {
            // By name, which has the time: a copy that was put elsewhere and back has another date. A clock that was set back makes no copies in the future.
            if (_paths.Backups is [var newest, ..] && string.CompareOrdinal(newest, _paths.Backup(now - s_day)) > 0)
                return;
            Directory.CreateDirectory(_paths.BackupFolder, OnlyOwner);
            _file.CopyTo(_paths.Backup(now));
            foreach (string old in _paths.Backups.Skip(Kept))
                File.Delete(old);
        }
        catch (Exception error) when (error is StoreException or IOException or UnauthorizedAccessException)
        {
            _log($"the daily backup failed: {error.Message}");
        }
        catch (ObjectDisposedException)
        {
            // The timer was on its way when the store was closed.
        }
    }
}
