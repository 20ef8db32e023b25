using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Hosting;

/// <summary>An order as it came, with the descriptors that came with it; who takes a descriptor out owns it.</summary>
internal sealed class ReceivedOrder(GuestOrder order, FileDescriptor[] files) : IDisposable
{
    private readonly FileDescriptor?[] _files = files;

    public GuestOrder Order { get; } = order;

    /// <summary>Takes a descriptor out.</summary>
    /// <exception cref="FormatException">There are not so many, or it was taken already.</exception>
    public FileDescriptor Take(int index)
    {
        FileDescriptor file = index < _files.Length && _files[index] is { } there ? there : throw new FormatException("the supervisor's order lacks a descriptor");
        _files[index] = null;
        return file;
    }

    public void Dispose()
    {
        foreach (FileDescriptor? file in _files)
            file?.Dispose();
    }
}
