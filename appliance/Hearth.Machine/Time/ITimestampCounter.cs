namespace Hearth.Machine;

/// <summary>A vCPU's time-stamp counter, as its local APIC needs it for the TSC-deadline timer.</summary>
public interface ITimestampCounter
{
    /// <summary>Ticks a second; part of the guest's configuration, constant for its life.</summary>
    ulong Frequency { get; }

    /// <summary>What RDTSC would return now on this vCPU. From any thread.</summary>
    ulong Now { get; }
}
