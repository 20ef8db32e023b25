using Hearth.Linux;

namespace Hearth.Running;

/// <summary>Descriptors that are closed together.</summary>
internal sealed class OwnedDescriptors : IDisposable
{
    private readonly List<FileDescriptor> _files = [];

    public IReadOnlyList<FileDescriptor> Files => _files;

    public FileDescriptor Add(FileDescriptor file)
    {
        _files.Add(file);
        return file;
    }

    /// <returns>null where it does not open.</returns>
    public FileDescriptor? TryOpen(string path, FileAccessMode mode)
    {
        try
        {
            return Add(FileDescriptor.Open(path, mode));
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        foreach (FileDescriptor file in _files)
            file.Dispose();
        _files.Clear();
    }
}
