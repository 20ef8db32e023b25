namespace Hearth.Cpu.Kvm;

/// <summary>What a probe of KVM found.</summary>
/// <param name="IsUsable">Guests run at a processor's pace.</param>
/// <param name="RoundsPerSecond">How fast a loop of two instructions ran; 0 when none did.</param>
/// <param name="TscFrequency">Ticks a second of the host's time-stamp counter, as its kernel has measured it; 0 when it does not say.</param>
/// <param name="Reason">Why it is of no use, in a sentence without a full stop; empty when it is.</param>
public readonly record struct KvmFinding(bool IsUsable, double RoundsPerSecond, ulong TscFrequency, string Reason)
{
    internal static KvmFinding Unusable(string reason) => new(false, 0, 0, reason);
}
