namespace Hearth.Machine;

/// <summary>What a local APIC tells its vCPU. From any thread; each call wakes the vCPU if it halts or runs guest code.</summary>
public interface IVcpuSignals
{
    /// <summary><see cref="ILocalApic.HasInterrupt"/> may have become true.</summary>
    void InterruptChanged();

    void NonMaskableInterrupt();

    /// <summary>INIT: the vCPU resets itself; an application processor then waits for SIPI.</summary>
    void Init();

    /// <param name="vector">The start-up page: execution begins at <c>vector &lt;&lt; 12</c> in real mode.</param>
    void StartUp(byte vector);
}
