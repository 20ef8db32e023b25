using Hearth.Linux;
using Hearth.Linux.Jail;

namespace Hearth.Running;

/// <summary>
/// What a guest's process gets of the processors beside others: more while somebody waits for it, as the other guests may take all there is. By the weight of its group where it is in
/// one, by its session's elsewhere.
/// </summary>
/// <param name="group">The group it is in; null for none.</param>
/// <param name="weight">What its group has as a rule (cgroup v2, cpu.weight).</param>
internal sealed class ProcessorShare(Cgroup? group, int weight)
{
    private const int Larger = 10;
    private const int MostWeight = 10_000;

    public void Raise(ProcessHandle process) => Set(process, SessionShare.Larger, Math.Min(weight * Larger, MostWeight));

    public void Lower(ProcessHandle process) => Set(process, SessionShare.Usual, weight);

    // Where the host does not do it, the process waits its turn.
    private void Set(ProcessHandle process, int nice, int groupWeight)
    {
        _ = group?.TrySetWeight(groupWeight);
        _ = SessionShare.TrySet(process, nice);
    }
}
