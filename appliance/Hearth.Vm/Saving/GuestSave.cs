using System.Diagnostics;
using System.Globalization;
using Hearth.Cpu;
using Hearth.Linux;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Saving;

/// <summary>One attempt at saving a guest, most of it while the guest runs.</summary>
/// <remarks>
/// RAM is written whole, then what the guest changed meanwhile, then what it changed meanwhile again, and so on. That ends when little is left; or when
/// a round leaves nearly as much as the one before, as the guest writes about as fast as the disk; or after some rounds in any case. All of the file so far is on
/// stable storage by then: that is not waited for while the guest stands still.
/// </remarks>
internal sealed class GuestSave : IDisposable
{
    private const int MostRounds = 8;

    /// <summary>Pages that are not worth another round: 2 MiB take some milliseconds.</summary>
    private const long FewPages = 512;

    private readonly GuestFile _file;
    private readonly Stream _stream;
    private readonly SavedGuestWriter _writer;
    private int _rounds;
    private long _writtenRunning;
    private TimeSpan _still;

    /// <exception cref="LinuxException">The host's file system cannot take it.</exception>
    /// <exception cref="IOException">The host's file system cannot take it.</exception>
    public GuestSave(GuestMachine machine, GuestFile file)
    {
        _file = file;
        _stream = file.Open();
        try
        {
            _writer = new SavedGuestWriter(machine, _stream);
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <summary>Writes while the guest runs, until it is not worth it any more.</summary>
    /// <param name="isUnwanted">Asked all the time; when it is so, nothing more is written.</param>
    /// <exception cref="LinuxException">The host's file system cannot take it.</exception>
    /// <exception cref="IOException">The host's file system cannot take it.</exception>
    public void CopyWhileItRuns(Func<bool> isUnwanted)
    {
        bool isWanted = _writer.TryWriteMemory(isUnwanted);
        long before = long.MaxValue;
        while (isWanted)
        {
            _stream.Flush();
            _file.Synchronize();
            _rounds++;
            long left = _writer.CollectChanges();
            if (left <= FewPages || left > before / 4 * 3 || _rounds == MostRounds)
                break;
            before = left;
            isWanted = _writer.TryWriteChanges(isUnwanted);
        }

        _writtenRunning = _writer.Written;
    }

    /// <summary>Writes the rest of a machine that is paused, and gives the file its name.</summary>
    /// <param name="paused">When the pause began, a time of the stopwatch.</param>
    /// <exception cref="LinuxException">The host's file system cannot take it.</exception>
    /// <exception cref="IOException">The host's file system cannot take it.</exception>
    public void Finish(long paused)
    {
        _writer.Finish();
        _stream.Flush();
        _file.Commit();
        _still = Stopwatch.GetElapsedTime(paused);
    }

    /// <summary>Figures of a save that is finished.</summary>
    public IReadOnlyList<EngineStatistic> Statistics() =>
    [
        new("save: the guest stood still", string.Create(CultureInfo.InvariantCulture, $"{_still.TotalMilliseconds:F1} ms")),
        new("save: rounds while it ran", $"{_rounds}"),
        new("save: memory written while it ran", $"{_writtenRunning >> 10} KiB"),
        new("save: memory written while it stood", $"{(_writer.Written - _writtenRunning) >> 10} KiB"),
    ];

    public void Dispose()
    {
        _writer.Dispose();
        Close();
    }

    private void Close()
    {
        try
        {
            _stream.Dispose();
        }
        catch (IOException)
        {
            // What was written before could not be written either, and whoever wrote it was told.
        }
    }
}
