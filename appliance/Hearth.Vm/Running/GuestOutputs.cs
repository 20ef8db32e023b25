using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Running;

/// <summary>The files that take what the guest gives out, until it starts: where it does not, they are as they were.</summary>
internal sealed class GuestOutputs(IReadOnlyList<OutputFile> files) : IDisposable
{
    private bool _isStarted;

    /// <summary>The guest starts: what was in the files goes.</summary>
    public void Start()
    {
        _isStarted = true;
        foreach (OutputFile file in files)
            new FileDescriptor(file.Descriptor).Empty();
    }

    public void Dispose()
    {
        foreach (OutputFile file in files)
        {
            if (file.Folder is not { } number)
                continue;
            using var folder = new FileDescriptor(number);
            if (!_isStarted)
                folder.Unlink(file.Name);
        }
    }
}
