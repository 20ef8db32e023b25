namespace Hearth.Machine;

/// <summary>An interrupt line for timers, whose ticks a guest counts as time: no edge is lost to one that waits already.</summary>
/// <remarks>
/// An edge-triggered input remembers one edge, so ticks that come while the guest's vCPU does not get to run would become one.
/// The controllers owe the others instead and give each as soon as the one before was accepted. Thread-safe as
/// <see cref="IInterruptLine.Set"/> is, and does not allocate.
/// </remarks>
public interface IEdgeLine : IInterruptLine
{
    /// <summary>
    /// Gives rising edges on a line that is low, and leaves it low. Edges on a masked input are lost, as without this interface,
    /// and take as many of those still owed with them.
    /// </summary>
    /// <param name="edges">At least 1.</param>
    /// <param name="limit">How many the controllers may owe at most; 1 to 65535.</param>
    void Pulse(int edges, int limit);

    /// <summary>Forgets the edges that are owed: the timer was stopped or set anew.</summary>
    void Cancel();
}
