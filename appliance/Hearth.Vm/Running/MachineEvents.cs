using System.Collections.Concurrent;
using Hearth.Machine;

namespace Hearth.Vm.Running;

/// <summary>
/// What happens to the machine as a whole, from any thread, in order; one thread takes the events and acts. Devices see it as
/// the machine's control.
/// </summary>
internal sealed class MachineEvents : IMachineControl, IDisposable
{
    private readonly BlockingCollection<MachineEvent> _queue = [];
    private Action? _hold;

    /// <summary>Connects what keeps the vCPUs from running on until an event of the guest's own making is dealt with; once.</summary>
    public void Connect(Action hold) => _hold = hold;

    public void PowerOff() => PostHeld(new MachineEvent(MachineEventKind.PowerOff));

    public void Reset() => PostHeld(new MachineEvent(MachineEventKind.Reset));

    public void DebugExit(uint value) => PostHeld(new MachineEvent(MachineEventKind.DebugExit, value));

    /// <summary>Posts an event and makes the vCPUs wait until it is dealt with.</summary>
    public void PostHeld(in MachineEvent happened)
    {
        _hold?.Invoke();
        _queue.Add(happened);
    }

    /// <summary>Posts an event that leaves the vCPUs running.</summary>
    public void Post(in MachineEvent happened) => _queue.Add(happened);

    /// <summary>Waits for the next event.</summary>
    public MachineEvent Take() => _queue.Take();

    public void Dispose() => _queue.Dispose();
}
