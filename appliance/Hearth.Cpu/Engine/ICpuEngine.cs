using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>A way to run guest code: the software engine or the hardware engine, behind one contract.</summary>
/// <remarks>
/// An engine is created with the guest's RAM, its CPU model and its TSC frequency. It is disposed after every vCPU's
/// <see cref="IVcpu.Run"/> has returned.
/// </remarks>
public interface ICpuEngine : IDisposable
{
    /// <summary>The name on the command line: <c>software</c>, <c>kvm</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Every write of a vCPU to RAM asks the memory first (<c>GuestRam.KeepBeforeWrite</c>): what a cut of it wants stays as it was. Where it is not so, pages have to be copied
    /// before vCPUs run on.
    /// </summary>
    bool AsksBeforeWrites { get; }

    /// <summary>The local APICs, where the engine has them built in; its vCPUs are <see cref="IBareVcpu"/>s where it has none.</summary>
    IEngineApics? Apics { get; }

    /// <summary>Creates a vCPU in its reset state; vCPU 0 is the bootstrap processor, the others wait for SIPI.</summary>
    /// <param name="index">0 to 254; also the initial APIC id.</param>
    IVcpu CreateVcpu(int index);

    /// <summary>
    /// Stops the TSCs and the paravirtual clock, until <see cref="StartTime"/> or until a vCPU runs. Called while none runs. A save and a restore
    /// do so, too: what they read and set is of the instant of the stop.
    /// </summary>
    void StopTime();

    /// <summary>Lets the TSCs and the paravirtual clock go on from where they were stopped. Called while no vCPU runs.</summary>
    void StartTime();

    /// <summary>
    /// Lets the TSCs and the paravirtual clock jump ahead, while time is stopped: the guest finds that it has not run for so long, where its paravirtual interface can say so.
    /// </summary>
    void AdvanceTime(TimeSpan by);

    /// <summary>Notes from here on which pages of RAM are written; those written before count as clean. Costs nothing where it is not called. While vCPUs run or stand.</summary>
    /// <returns>To be disposed of before the engine.</returns>
    /// <exception cref="InvalidOperationException">Somebody does so already.</exception>
    IDirtyTracker TrackWrites();

    /// <summary>What the engine counted and what it takes of the host's memory. Called while no vCPU runs.</summary>
    IReadOnlyList<EngineStatistic> Statistics();
}
