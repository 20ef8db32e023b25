using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Time;

/// <summary>Gives the virtual clock's thread the kernel's exact sleep.</summary>
public sealed class HostParker : IParker, IDisposable
{
    private readonly ThreadParker _parker = new();

    public void Park(long nanoseconds) => _parker.Park(nanoseconds);

    public void Unpark() => _parker.Unpark();

    /// <summary>Call after the clock has been disposed.</summary>
    public void Dispose() => _parker.Dispose();
}
