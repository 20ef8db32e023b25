using Hearth.Cpu;
using Hearth.Vm.Hosting;

namespace Hearth.Vm.Running;

internal enum MachineEventKind
{
    /// <summary>The guest switched itself off.</summary>
    PowerOff,

    /// <summary>The guest asked for a reset.</summary>
    Reset,

    /// <summary>The guest wrote <see cref="MachineEvent.Value"/> to the debug-exit port.</summary>
    DebugExit,

    /// <summary>The guest's kernel panicked and is at its end.</summary>
    Panic,

    /// <summary>The guest's kernel panicked and goes on to write a dump.</summary>
    Dump,

    /// <summary>The guest's watchdog ran out.</summary>
    Watchdog,

    /// <summary>The vCPU <see cref="MachineEvent.Value"/> ended with <see cref="MachineEvent.Exit"/>.</summary>
    VcpuStopped,

    /// <summary>Ctrl-A X.</summary>
    Quit,

    /// <summary>The signal <see cref="MachineEvent.Value"/> asks this process to end.</summary>
    Signal,

    /// <summary>The guest is to be saved.</summary>
    Save,

    /// <summary>The supervisor wants something.</summary>
    Order,

    /// <summary>The save <see cref="MachineEvent.Save"/>, which the supervisor wanted, is prepared.</summary>
    Cut,

    /// <summary>The guest's clocks have still to be set, by a further step.</summary>
    CatchUp,
}

/// <summary>Something that the thread which runs the machine has to deal with.</summary>
/// <param name="Save">It may have been given up since: whoever takes the event looks whether it is still the one that is under way.</param>
/// <remarks>A class, as lists of classes are compiled already when a guest's process starts.</remarks>
internal sealed record MachineEvent(MachineEventKind Kind, uint Value = 0, VcpuExit Exit = default, HostedSave? Save = null);
