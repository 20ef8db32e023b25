using System.Globalization;
using Hearth.Linux;

namespace Hearth.Storage;

/// <summary>A file in the making. It has no name until it is whole, so nothing is left behind when it does not become that.</summary>
internal sealed class NewImageFile : IDisposable
{
    private readonly string _path;
    private readonly FileDescriptor _directory;
    private readonly FileDescriptor _file;

    /// <exception cref="StorageException">The name is taken, or the folder takes no files.</exception>
    public NewImageFile(string path)
    {
        if (path.Length == 0)
            throw new StorageException("A disk needs the name of a file.");
        if (Path.Exists(path))
            throw new StorageException($"{path} exists already.");
        _path = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(_path) ?? "/";
        try
        {
            _directory = FileDescriptor.Open(folder, FileAccessMode.Directory);
            _file = FileDescriptor.Open(folder, FileAccessMode.Nameless);
        }
        catch (LinuxException error)
        {
            _directory?.Dispose();
            throw new StorageException($"{path} cannot be made: {error.Message}.", error);
        }

        File = new ImageFile(new HostImageStore(_file, isOwned: false), path);
    }

    public ImageFile File { get; }

    /// <summary>A path by which other programs can write to it while this process has it.</summary>
    public string PathForOthers => string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{_file.Number}");

    /// <summary>The file for who closes what it is given: it stays open here.</summary>
    public ImageFile Share() => new(new HostImageStore(_file, isOwned: false), _path);

    /// <summary>Brings it to stable storage and gives it its name.</summary>
    /// <exception cref="StorageException">The name is taken by now, or the host's disk failed.</exception>
    public void Publish()
    {
        try
        {
            _file.Synchronize();
            _file.LinkInto(_directory, Path.GetFileName(_path));
            _directory.Synchronize();
        }
        catch (LinuxException error)
        {
            throw new StorageException($"{_path} cannot be made: {error.Message}.", error);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }
}
