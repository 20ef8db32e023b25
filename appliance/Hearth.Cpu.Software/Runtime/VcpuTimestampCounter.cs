using Hearth.Machine;

namespace Hearth.Cpu.Software;

/// <summary>A vCPU's time-stamp counter: the host's, at the guest's pace, plus <see cref="VcpuState.TscOffset"/>.</summary>
internal sealed unsafe class VcpuTimestampCounter(VcpuState* state, TimestampScale scale) : ITimestampCounter
{
    public ulong Frequency => scale.GuestFrequency;

    public ulong Now => scale.FromHost(HostTimestampCounter.Read()) + Volatile.Read(ref state->TscOffset);
}
