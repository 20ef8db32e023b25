using Hearth.Linux;

namespace Hearth.Storage.Tests;

/// <summary>A disk image in the temporary folder, gone with the test.</summary>
internal sealed class TemporaryDisk : IDisposable
{
    public TemporaryDisk(long length)
    {
        Path = System.IO.Path.GetTempFileName();
        byte[] content = new byte[length];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(Path, content);
    }

    public string Path { get; }

    public byte[] Content => File.ReadAllBytes(Path);

    /// <summary>A new open file description, as another process would have it.</summary>
    public FileDescriptor Open(FileAccess access = FileAccess.ReadWrite)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(Path, FileMode.Open, access, FileShare.ReadWrite);
        var descriptor = new FileDescriptor((int)handle.DangerousGetHandle());
        handle.SetHandleAsInvalid();
        return descriptor;
    }

    public RawDiskImage OpenImage(bool readOnly = false) =>
        new(Open(readOnly ? FileAccess.Read : FileAccess.ReadWrite), Path, readOnly);

    public void Dispose() => File.Delete(Path);
}
