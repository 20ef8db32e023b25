using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>A vCPU without a local APIC: the machine brings one. The signals may come from any thread.</summary>
public interface IBareVcpu : IVcpu, IVcpuSignals
{
    /// <summary>This vCPU's time-stamp counter.</summary>
    ITimestampCounter TimestampCounter { get; }

    /// <summary>Connects the local APIC; once, before the first <see cref="IVcpu.Run"/>.</summary>
    void Connect(ILocalApic apic);
}
