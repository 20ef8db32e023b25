using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm;

/// <summary>The host kernel's random numbers.</summary>
internal sealed class HostEntropy : IEntropySource
{
    public void Fill(Span<byte> buffer) => HostRandom.Fill(buffer);
}
