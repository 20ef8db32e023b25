using Hearth.Machine;

namespace Hearth.Cpu.Software.Tests;

internal sealed class FakeTimestampCounter : ITimestampCounter
{
    public ulong Frequency => 2_599_998_000;

    public ulong Now { get; set; } = 0x1_0000_0002;
}
