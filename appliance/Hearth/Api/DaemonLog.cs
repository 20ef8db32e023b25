using System.Globalization;

namespace Hearth.Api;

/// <summary>Sentences with their time, on standard error or in the home folder's log, which begins anew when it has become long.</summary>
internal sealed class DaemonLog : IDisposable
{
    private const long LongFile = 1 << 20;

    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly StreamWriter _writer;

    /// <param name="file">Null for standard error.</param>
    public DaemonLog(TimeProvider clock, string? file)
    {
        _clock = clock;
        if (file is not null && File.Exists(file) && new FileInfo(file).Length > LongFile)
            File.Move(file, file + ".1", overwrite: true);
        _writer = new StreamWriter(file is null ? Console.OpenStandardError() : Open(file)) { AutoFlush = true };
    }

    /// <param name="sentence">Without a full stop.</param>
    public void Write(string sentence)
    {
        lock (_lock)
        {
            try
            {
                _writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_clock.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'} {sentence}."));
            }
            catch (IOException)
            {
                // A full disk, or nobody at the terminal: there is nowhere else to say it.
            }
        }
    }

    public void Dispose() => _writer.Dispose();

    private static FileStream Open(string file) => new(file, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });
}
