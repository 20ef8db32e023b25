using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>Dirty tracking by <see cref="PageFlags.Dirty"/>, which is always set before translated or direct code can write to a page.</summary>
/// <remarks>
/// The flags are taken while vCPUs run; then each vCPU steps out of the guest's code and loses the right to write anywhere without setting the flag again.
/// A store that still went through in between is over when the vCPU has stepped out: it is to a page that was just told, and its bytes are there.
/// </remarks>
internal sealed class DirtyTracker : IDirtyTracker
{
    private readonly SoftwareCpuEngine _engine;

    public DirtyTracker(SoftwareCpuEngine engine)
    {
        _engine = engine;
        Collect(engine.Ram.NewPageSet());
    }

    public void Collect(PageSet into)
    {
        _engine.Ram.TakeDirty(into);
        _engine.TakeWriteRights();
    }

    public void Dispose() => _engine.Forget(this);
}
