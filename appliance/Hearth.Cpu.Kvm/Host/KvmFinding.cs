namespace Hearth.Cpu.Kvm;

/// <summary>What a probe of KVM found.</summary>
/// <param name="IsUsable">Guests run at a processor's pace.</param>
/// <param name="RoundsPerSecond">How fast a loop of two instructions ran; 0 when none did.</param>
/// <param name="Reason">Why it is of no use, in a sentence without a full stop; empty when it is.</param>
public readonly record struct KvmFinding(bool IsUsable, double RoundsPerSecond, string Reason)
{
    internal static KvmFinding Usable(double roundsPerSecond) => new(true, roundsPerSecond, "");

    internal static KvmFinding TooSlow(double roundsPerSecond, string reason) => new(false, roundsPerSecond, reason);

    internal static KvmFinding Unusable(string reason) => new(false, 0, reason);
}
