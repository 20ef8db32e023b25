using Hearth.Linux;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Snapshots.Files;

/// <summary>A file of the host's.</summary>
internal sealed class HostFile : IStoreFile
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;

    /// <summary>The handle's number; <see cref="Use"/> keeps it from becoming another file's.</summary>
    private readonly FileDescriptor _descriptor;

    /// <exception cref="IOException">It is not there, or is there already.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not have it.</exception>
    public HostFile(string path, FileMode mode)
    {
        _path = path;
        _handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite);
        _descriptor = new FileDescriptor((int)_handle.DangerousGetHandle());
    }

    public long Length => RandomAccess.GetLength(_handle);

    public void Read(Span<byte> to, long offset)
    {
        try
        {
            while (to.Length > 0)
            {
                int count = RandomAccess.Read(_handle, to, offset);
                if (count == 0)
                    throw new SnapshotException($"{_path} is cut short: it ends at offset {offset}");
                to = to[count..];
                offset += count;
            }
        }
        catch (IOException error)
        {
            throw Failed(error, offset);
        }
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, offset);
        }
        catch (IOException error)
        {
            throw Failed(error, offset);
        }
    }

    public void Synchronize()
    {
        try
        {
            Use(_descriptor.Synchronize);
        }
        catch (LinuxException error)
        {
            throw new SnapshotException($"{_path}: {error.Message.TrimEnd('.')}", error);
        }
    }

    public void PunchHole(long offset, long length) => Use(() => _ = _descriptor.TryPunchHole(offset, length));

    // The descriptor is the handle's.
    public void Dispose() => _handle.Dispose();

    private void Use(Action action)
    {
        bool isHeld = false;
        try
        {
            _handle.DangerousAddRef(ref isHeld);
            action();
        }
        finally
        {
            if (isHeld)
                _handle.DangerousRelease();
        }
    }

    private SnapshotException Failed(IOException error, long offset) => new($"{_path} at offset {offset}: {error.Message.TrimEnd('.')}", error);
}
