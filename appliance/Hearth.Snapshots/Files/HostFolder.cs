using Hearth.Linux;

namespace Hearth.Snapshots.Files;

/// <summary>A folder of the host's file system. One process has it at a time.</summary>
internal sealed class HostFolder : IStoreFolder
{
    private const string LockName = "lock";

    /// <summary>What is in there is what guests have in their memory.</summary>
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _root;
    private readonly DiskFile _lock;

    /// <param name="root">Made where it is not there.</param>
    /// <exception cref="SnapshotException">It cannot be made or written to, or another process has it.</exception>
    public HostFolder(string root)
    {
        _root = Path.GetFullPath(root);
        _lock = Try("", () =>
        {
            bool isNew = !Directory.Exists(_root);
            _ = Directory.CreateDirectory(_root, OnlyOwner);
            if (isNew)
                SynchronizeFolder(Path.GetDirectoryName(_root) ?? _root);
            string path = Path.Combine(_root, LockName);
            return new DiskFile(FileDescriptor.Open(path, File.Exists(path) ? FileAccessMode.ReadWrite : FileAccessMode.CreateNew));
        });
        if (Try(LockName, () => _lock.TryLock(exclusive: true)))
            return;
        _lock.Dispose();
        throw new SnapshotException($"the saved states in {_root} are in use by another process");
    }

    public string NameOf(string path) => Path.Combine(_root, path);

    public IReadOnlyList<string> List(string folder) => Try(folder, () =>
        Directory.Exists(NameOf(folder)) ? (IReadOnlyList<string>)[.. Directory.EnumerateFileSystemEntries(NameOf(folder)).Select(entry => Path.GetFileName(entry))] : []);

    public void CreateFolder(string path) => Try(path, () => _ = Directory.CreateDirectory(NameOf(path), OnlyOwner));

    public IStoreFile Create(string path) => Try(path, () => new HostFile(NameOf(path), FileMode.CreateNew));

    public IStoreFile Open(string path) => Try(path, () => new HostFile(NameOf(path), FileMode.Open));

    public void Rename(string from, string to) => Try(from, () => Directory.Move(NameOf(from), NameOf(to)));

    public void Delete(string path) => Try(path, () =>
    {
        if (Directory.Exists(NameOf(path)))
            Directory.Delete(NameOf(path), recursive: true);
        else
            File.Delete(NameOf(path));
    });

    public void Synchronize(string folder) => Try(folder, () => SynchronizeFolder(NameOf(folder)));

    public void Dispose() => _lock.Dispose();

    private static void SynchronizeFolder(string path)
    {
        using FileDescriptor directory = FileDescriptor.Open(path, FileAccessMode.Directory);
        directory.Synchronize();
    }

    private void Try(string path, Action action) => _ = Try(path, () =>
    {
        action();
        return true;
    });

    private T Try<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LinuxException)
        {
            throw new SnapshotException($"{NameOf(path)}: {error.Message.TrimEnd('.')}", error);
        }
    }
}
