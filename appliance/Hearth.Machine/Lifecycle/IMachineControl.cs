namespace Hearth.Machine;

/// <summary>What a device may ask of the machine as a whole. The calls return at once; the vCPUs stop soon after.</summary>
public interface IMachineControl
{
    /// <summary>ACPI S5: the guest switched itself off.</summary>
    void PowerOff();

    /// <summary>A reset by keyboard controller, port 0xCF9 or ACPI.</summary>
    void Reset();

    /// <summary>The guest wrote <paramref name="value"/> to the debug-exit port; the process ends with <c>(value &lt;&lt; 1) | 1</c>.</summary>
    void DebugExit(uint value);

    /// <summary>The guest's kernel panicked.</summary>
    /// <param name="isDumping">It goes on by itself, to write a dump of its memory.</param>
    void GuestPanicked(bool isDumping);

    /// <summary>The guest's watchdog ran out: nobody in the guest has stopped it in time.</summary>
    void WatchdogExpired();
}
