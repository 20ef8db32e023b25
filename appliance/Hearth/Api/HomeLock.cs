using System.Diagnostics;

namespace Hearth.Api;

/// <summary>Keeps a second daemon out of a home folder (flock(2)); the kernel gives it back however this process ends.</summary>
internal sealed class HomeLock : IDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(10);

    private readonly FileStream _file;

    private HomeLock(FileStream file) => _file = file;

    /// <exception cref="UsageException">A daemon has it.</exception>
    public static HomeLock Take(HomeFolder home)
    {
        try
        {
            // FileShare.None is LOCK_EX on the whole file, and nobody else can open it to lock it first.
            return new HomeLock(new FileStream(home.Lock, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }));
        }
        catch (UnauthorizedAccessException error)
        {
            throw new UsageException($"{home.Path} belongs to another user: choose another home folder with --home DIR", error);
        }
        catch (IOException error)
        {
            throw new UsageException($"hearth is running already in {home.Path}: `hearth status` tells what it does, `hearth down` ends it", error);
        }
    }

    /// <summary>Waits until no daemon has a home folder any more.</summary>
    /// <returns>False when one still has.</returns>
    public static async Task<bool> WaitFreeAsync(HomeFolder home, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Take(home).Dispose();
                return true;
            }
            catch (UsageException)
            {
                if (Stopwatch.GetElapsedTime(start) > limit)
                    return false;
                await Task.Delay(s_pace).ConfigureAwait(false);
            }
        }
    }

    // The file stays: who takes its name away could take it from a daemon that has just opened it.
    public void Dispose() => _file.Dispose();
}
