using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>Counts what devices ask of the machine.</summary>
public sealed class FakeMachineControl : IMachineControl
{
    public int PowerOffs { get; private set; }

    public int Resets { get; private set; }

    public int DebugExits { get; private set; }

    public uint LastDebugExit { get; private set; }

    public int Panics { get; private set; }

    public int Dumps { get; private set; }

    public int Expirations { get; private set; }

    public void GuestPanicked(bool isDumping)
    {
        if (isDumping)
            Dumps++;
        else
            Panics++;
    }

    public void WatchdogExpired() => Expirations++;

    public void PowerOff() => PowerOffs++;

    public void Reset() => Resets++;

    public void DebugExit(uint value)
    {
        DebugExits++;
        LastDebugExit = value;
    }
}
