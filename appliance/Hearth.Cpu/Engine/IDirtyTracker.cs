using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>
/// Tells which pages of guest RAM are written, whoever writes them: code of the guest, the processor for it (accessed and dirty bits, stacks of
/// interrupts), the engine in its name (paravirtual pages), and devices. At work from <see cref="ICpuEngine.TrackWrites"/> until it is disposed of.
/// </summary>
/// <remarks>
/// No write is missed. It is in the bytes that are read after the <see cref="Collect"/> that tells its page, or a later one tells the page (again).
/// So whoever copies the pages of every collect after it, then stops vCPUs and devices, and copies those of one more, has all of RAM as it is.
/// While vCPUs run, that later one need not be the next. While vCPUs and devices stand, a collect leaves nothing for later.
/// A page may be told once too often.
/// </remarks>
public interface IDirtyTracker : IDisposable
{
    /// <summary>
    /// Adds the pages that were written since they were told last, or since the start. While vCPUs run or stand; from one thread at a time, and from none
    /// that runs a vCPU. Nothing is allocated.
    /// </summary>
    /// <param name="into">Of as many pages as the guest's RAM has. Its other pages stay.</param>
    void Collect(PageSet into);
}
