using System.Text;

namespace Hearth.Proving;

/// <summary>What a proving ground wrote to its serial port. The file stays after its end, among those of the last runs, for whoever looks for a failure's reason.</summary>
public sealed class SerialLog
{
    private const int KeptFiles = 20;
    private const int TailLines = 30;

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    private readonly Func<GroundMonitor> _monitor;

    /// <param name="directory">Where the logs are kept; created as needed.</param>
    internal SerialLog(string directory, Func<GroundMonitor> monitor)
    {
        _monitor = monitor;
        Guests.CacheDirectory.Create(directory);
        foreach (FileInfo old in new DirectoryInfo(directory).GetFiles("*.log").OrderByDescending(file => file.LastWriteTimeUtc).Skip(KeptFiles - 1))
            old.Delete();
        FilePath = Path.Combine(directory, $"{Guid.NewGuid():N}.log");
        File.WriteAllText(FilePath, "");
    }

    public string FilePath { get; }

    /// <summary>Everything so far.</summary>
    public string Text
    {
        get
        {
            using var file = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return reader.ReadToEnd().Replace("\r", "", StringComparison.Ordinal);
        }
    }

    /// <summary>Waits until the text has been written.</summary>
    /// <exception cref="ProvingGroundException">It was not, or the machine ended first.</exception>
    public void WaitFor(string text, TimeSpan patience) =>
        _monitor().Poll(() => Text.Contains(text, StringComparison.Ordinal), s_poll, patience, $"\"{text}\" on the serial port");

    /// <summary>The last lines and where the others are, for messages.</summary>
    internal string Tail()
    {
        string[] lines = Text.TrimEnd().Split('\n');
        return $"the serial port's last lines, of those in {FilePath}:\n{string.Join('\n', lines.TakeLast(TailLines))}";
    }
}
