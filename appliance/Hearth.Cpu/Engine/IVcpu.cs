using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>One virtual processor. <see cref="Run"/>, Save and Restore belong to one thread at a time.</summary>
/// <remarks>
/// <code>
/// created ─ connected ─► stopped ─ Run ─► running ─ Kick / fault / triple fault ─► stopped
///                          └── Save, Restore, Reset ──┘
/// </code>
/// </remarks>
public interface IVcpu : IDisposable
{
    /// <summary>Runs guest code until something ends it. Port and memory I/O are served through <paramref name="bus"/>; HLT waits inside.</summary>
    VcpuExit Run(IVcpuBus bus);

    /// <summary>Makes <see cref="Run"/> return <see cref="VcpuExitReason.Kicked"/> soon, or at once on its next call. From any thread.</summary>
    void Kick();

    /// <summary>To the state after RESET (Intel SDM Vol. 3, table 9-1).</summary>
    void Reset();

    /// <summary>The whole architectural state, portable between engines and hosts.</summary>
    CpuState Save();

    /// <exception cref="SavedStateException">The state needs a feature this vCPU's model does not have.</exception>
    void Restore(CpuState state);
}
