using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>A local APIC that a CPU engine has built in, as a part of the machine: saved and restored as <see cref="LocalApicDevice"/> is.</summary>
public sealed class EngineApicDevice : IMachineDevice
{
    private readonly IEngineApic _apic;
    private readonly IVirtualClock _clock;

    /// <param name="index">The vCPU's index, which is also the APIC id.</param>
    public EngineApicDevice(int index, IEngineApic apic, IVirtualClock clock)
    {
        Name = LocalApicDevice.NameOf(index);
        _apic = apic;
        _clock = clock;
    }

    public string Name { get; }

    public void Reset() => _apic.Reset();

    public void Save(IStateWriter to) => _apic.Save(_clock.Now).Save(to);

    public void Restore(IStateReader from) => _apic.Restore(LocalApicState.Load(Name, from), _clock.Now);
}
