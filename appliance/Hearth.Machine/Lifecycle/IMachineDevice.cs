namespace Hearth.Machine;

/// <summary>The life cycle every part of the machine has.</summary>
/// <remarks>
/// <code>
/// created ── Reset ──► running ── (machine pauses) ── Save ──► running
///    └────── Restore ───┘ ▲──── Reset (guest reboots) ────┘
/// </code>
/// Reset, Save and Restore are called while no vCPU runs and the clock stands still; the device still takes its lock
/// because backends and timers may call at any time. Save must not change what the guest sees.
/// </remarks>
public interface IMachineDevice
{
    /// <summary>The name of its section in a saved state: stable across versions, unique in a machine (<c>uart0</c>).</summary>
    string Name { get; }

    /// <summary>To the power-on state, as a hardware reset does.</summary>
    void Reset();

    void Save(IStateWriter to);

    /// <exception cref="SavedStateException">The state is damaged or of a version this device does not know.</exception>
    void Restore(IStateReader from);
}
