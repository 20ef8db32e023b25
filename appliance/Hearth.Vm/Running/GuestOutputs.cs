using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Running;

/// <summary>The files that take what the guest gives out, until it starts: where it does not, they are as they were.</summary>
internal sealed class GuestOutputs(IReadOnlyList<OutputFile> files) : IDisposable
{
    private bool _isSettled;

    /// <summary>The guest starts: what was in the files goes.</summary>
    /// <exception cref="LinuxException">The host's file system refused.</exception>
    public void Start()
    {
        foreach (OutputFile file in files)
            new FileDescriptor(file.Descriptor).Empty();
        Close(unlink: false);
    }

    public void Dispose() => Close(unlink: true);

    /// <summary>A guest that runs has no way into the folders.</summary>
    private void Close(bool unlink)
    {
        if (_isSettled)
            return;
        _isSettled = true;
        foreach (OutputFile file in files)
        {
            if (file.Folder is not { } number)
                continue;
            using var folder = new FileDescriptor(number);
            if (unlink)
                folder.Unlink(file.Name);
        }
    }
}
