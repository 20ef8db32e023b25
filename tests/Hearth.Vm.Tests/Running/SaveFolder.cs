using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Vm.Composition;
using Hearth.Vm.Saving;

namespace Hearth.Vm.Tests.Running;

/// <summary>A folder for saved guests, which goes with this.</summary>
internal sealed class SaveFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("hearth-save-").FullName;

    /// <summary>A file as <c>hearth vm run --save</c> opens it; the caller disposes of it.</summary>
    public GuestFile NewFile(string name)
    {
        // The file owns the descriptors.
        int file = FileDescriptor.Open(_path, FileAccessMode.Nameless).Number;
        int directory = FileDescriptor.Open(_path, FileAccessMode.Directory).Number;
        return new GuestFile(new SaveConfiguration(file, directory, name));
    }

    public bool Has(string name) => File.Exists(Path.Combine(_path, name));

    public void Restore(string name, GuestMachine machine)
    {
        using FileStream stream = File.OpenRead(Path.Combine(_path, name));
        SavedGuest.Open(stream, name).Restore(machine);
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
