using Hearth.Bench.Cpu;
using Hearth.Guests;

namespace Hearth.Bench.Kvm;

/// <summary>This host's own KVM.</summary>
internal sealed class ThisHost : IKvmHost
{
    private readonly ScratchDirectories _scratch = new();

    public string Description => "this host";

    public string Folder => _scratch.Disk;

    public CommandResult Run(string script) => HostCommand.Run("/bin/sh", ["-c", script]);

    public void Dispose() => _scratch.Dispose();
}
