using System.Diagnostics;

namespace Hearth.Guests.Debian;

/// <summary>Lets one process at a time fill a folder of the cache. The kernel drops the lock with the process, however it ends.</summary>
internal sealed class CacheLock : IDisposable
{
    /// <summary>Longer than the slowest download that still makes sense.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(20);

    private readonly FileStream _file;

    private CacheLock(FileStream file) => _file = file;

    /// <exception cref="GuestsException">Another process has held the lock for twenty minutes, or the folder cannot be written.</exception>
    public static CacheLock Take(string path)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new CacheLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(start) < s_patience)
            {
                Thread.Sleep(100);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new GuestsException($"the cache cannot be locked at {path}: {error.Message}", error);
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
