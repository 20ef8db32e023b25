namespace Hearth.Cpu.Software;

/// <summary>Which instructions that would answer for the host's processor end a run in a process for user code instead.</summary>
/// <param name="Cpuid">CPUID faulting (arch_prctl(2), ARCH_SET_CPUID).</param>
/// <param name="Timestamp">RDTSC and RDTSCP, by CR4.TSD (PR_SET_TSC); not under every hypervisor.</param>
internal readonly record struct DirectTraps(bool Cpuid, bool Timestamp);
