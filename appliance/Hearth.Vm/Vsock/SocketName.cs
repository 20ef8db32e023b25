using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Vsock;

/// <summary>The name by which programs find a guest's socket: it goes with the guest.</summary>
internal sealed class SocketName(VsockConfiguration vsock) : IDisposable
{
    private readonly FileDescriptor _folder = new(vsock.Folder);

    public void Dispose()
    {
        _folder.Unlink(vsock.Name);
        _folder.Dispose();
    }
}
