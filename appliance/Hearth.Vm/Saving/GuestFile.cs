using System.Diagnostics.CodeAnalysis;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Vm.Composition;
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

    /// <summary>Saves a paused machine. May be tried again when it failed.</summary>
    /// <param name="problem">Why the host's file system cannot take it, or null.</param>
    public bool TryWrite(GuestMachine machine, [NotNullWhen(false)] out string? problem)
    {
        try
        {
            using (FileStream stream = OpenStream())
                SavedGuest.Write(machine, stream);
            _file.Synchronize();
            _file.LinkInto(_directory, _name);
            _directory.Synchronize();
            problem = null;
            return true;
        }
        catch (Exception error) when (error is LinuxException or IOException)
        {
            // What was written is of no use, and the file system may be full of it.
            using FileStream stream = OpenStream();
            stream.SetLength(0);
            problem = $"cannot save the guest to {_name}, it goes on: {error.Message.TrimEnd('.')}";
            return false;
        }
    }

    private FileStream OpenStream() => new(new SafeFileHandle(_file.Number, ownsHandle: false), FileAccess.Write, BufferLength);

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }
}
