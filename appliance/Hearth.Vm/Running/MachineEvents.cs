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

    // Events that wait and are of the guest's own, or of a signal's.
    private int _others;

    /// <summary>Something waits that neither asks for a save nor comes from the supervisor: <see cref="Take"/> will give it.</summary>
    public bool HasOthers => Volatile.Read(ref _others) != 0;

    /// <summary>Connects what keeps the vCPUs from running on until an event of the guest's own making is dealt with; once.</summary>
    public void Connect(Action hold) => _hold = hold;

    public void PowerOff() => PostHeld(new MachineEvent(MachineEventKind.PowerOff));

    public void Reset() => PostHeld(new MachineEvent(MachineEventKind.Reset));

    public void DebugExit(uint value) => PostHeld(new MachineEvent(MachineEventKind.DebugExit, value));

    public void GuestPanicked(bool isDumping) => PostHeld(new MachineEvent(isDumping ? MachineEventKind.Dump : MachineEventKind.Panic));

    public void WatchdogExpired() => PostHeld(new MachineEvent(MachineEventKind.Watchdog));

    /// <summary>Posts an event and makes the vCPUs wait until it is dealt with.</summary>
    public void PostHeld(MachineEvent happened)
    {
        _hold?.Invoke();
        Post(happened);
    }

    /// <summary>Posts an event that leaves the vCPUs running.</summary>
    public void Post(MachineEvent happened)
    {
        if (IsOther(happened.Kind))
            Interlocked.Increment(ref _others);
        _queue.Add(happened);
    }

    /// <summary>Waits for the next event.</summary>
    public MachineEvent Take()
    {
        MachineEvent happened = _queue.Take();
        if (IsOther(happened.Kind))
            Interlocked.Decrement(ref _others);
        return happened;
    }

    public void Dispose() => _queue.Dispose();

    private static bool IsOther(MachineEventKind kind) => kind is not (MachineEventKind.Save or MachineEventKind.Order or MachineEventKind.Cut or MachineEventKind.CatchUp);
}
