using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.Bench.Kvm;

/// <summary>The proving ground: KVM on a processor that QEMU translates.</summary>
internal sealed class GroundHost : IKvmHost
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(15);

    private readonly ProvingGround _ground = ProvingGround.Start(new ProvingGroundOptions());

    public string Description => "the proving ground (KVM on a processor that QEMU translates)";

    public string Folder => _ground.SharedDirectory;

    public CommandResult Run(string script)
    {
        try
        {
            return _ground.Run(script, s_patience);
        }
        catch (ProvingGroundException error)
        {
            throw new GuestsException(error.Message, error);
        }
    }

    public void Dispose() => _ground.Dispose();
}
