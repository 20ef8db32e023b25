namespace Hearth.Protocol;

/// <summary>Why guests do not run on KVM.</summary>
/// <param name="Reason">For people, the same wherever it is told: a sentence without a full stop.</param>
public sealed record KvmRefusal(KvmObstacle Obstacle, string Reason);
