using Hearth.Linux;
using Hearth.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Vm.Saving;

/// <summary>The file a guest is saved to. It gets its name when everything is on stable storage: there is a whole saved guest, or none.</summary>
internal sealed class GuestFile : IDisposable
{
    private const int BufferLength = 1 << 20;

    private readonly FileDescriptor _file;
    private readonly FileDescriptor _directory;
    private readonly string _name;

    public GuestFile(SaveConfiguration configuration)
    {
        _file = new FileDescriptor(configuration.Descriptor);
        _directory = new FileDescriptor(configuration.Directory);
        _name = configuration.Name;
    }

    /// <summary>The file, empty again whatever an attempt before this one has left. The caller closes it; the file stays.</summary>
    /// <exception cref="IOException">The host's file system cannot do it.</exception>
    public Stream Open()
    {
        var stream = new FileStream(new SafeFileHandle(_file.Number, ownsHandle: false), FileAccess.Write, BufferLength);
        stream.SetLength(0);
        return stream;
    }

    /// <summary>Brings what was written so far to stable storage.</summary>
    /// <exception cref="LinuxException">The host's file system cannot take it.</exception>
    public void Synchronize() => _file.Synchronize();

    /// <summary>Brings everything to stable storage and gives the file its name.</summary>
    /// <exception cref="LinuxException">The host's file system cannot take it.</exception>
    public void Commit()
    {
        _file.Synchronize();
        _file.LinkInto(_directory, _name);
        _directory.Synchronize();
    }

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }
}
