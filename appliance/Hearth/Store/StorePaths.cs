using System.Globalization;
using Hearth.Linux;

namespace Hearth.Store;

/// <summary>The store's files in the home folder.</summary>
internal sealed class StorePaths(string home)
{
    private const string BackupPrefix = "hearth-";

    public string Home { get; } = home;

    public string Data { get; } = Path.Combine(home, "hearth.db");

    public string Journal { get; } = Path.Combine(home, "hearth.db-journal");

    public string BackupFolder { get; } = Path.Combine(home, "backups");

    /// <summary>The backups of every day, the newest first.</summary>
    public IReadOnlyList<string> Backups => Directory.Exists(BackupFolder)
        ? [.. Directory.EnumerateFiles(BackupFolder, $"{BackupPrefix}*.db").OrderDescending(StringComparer.Ordinal)]
        : [];

    /// <summary>Everything of earlier times that can be put in the store's place, the newest first.</summary>
    public IReadOnlyList<string> Copies =>
    [
        .. Backups.Concat(Directory.EnumerateFiles(Home, Path.GetFileName(BeforeMigration(0))[..^1] + "*").Where(file => !file.EndsWith(Provisional, StringComparison.Ordinal)))
            .OrderByDescending(File.GetLastWriteTimeUtc),
    ];

    /// <summary>The end of the name that a copy has until it is whole.</summary>
    public static string Provisional => ".part";

    /// <summary>The store as it was before a migration.</summary>
    /// <param name="version">To which it went.</param>
    public string BeforeMigration(int version) => string.Create(CultureInfo.InvariantCulture, $"{Data}.before-{version}");

    public string Backup(DateTimeOffset time) => Path.Combine(BackupFolder, string.Create(CultureInfo.InvariantCulture, $"{BackupPrefix}{time.UtcDateTime:yyyy-MM-dd'T'HHmmss}.db"));

    /// <summary>Copies the store's pages under another name, which is there only when the copy is whole and on stable storage.</summary>
    /// <param name="to">In a folder that is there; what has this name is replaced.</param>
    public void CopyData(string to)
    {
        Copy(Data, to + Provisional);
        File.Move(to + Provisional, to, overwrite: true);
        Synchronize(Path.GetDirectoryName(to)!);
    }

    /// <summary>Copies a file, and returns when stable storage has what is in it.</summary>
    public static void Copy(string from, string to)
    {
        File.Copy(from, to, overwrite: true);
        using FileStream copy = File.Open(to, FileMode.Open, FileAccess.ReadWrite);
        copy.Flush(flushToDisk: true);
    }

    /// <summary>Brings a folder's names to stable storage.</summary>
    public static void Synchronize(string folder)
    {
        using FileDescriptor directory = FileDescriptor.Open(folder, FileAccessMode.Directory);
        directory.Synchronize();
    }
}
