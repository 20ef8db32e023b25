using Hearth.Cpu;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Vm.Boot;

namespace Hearth.Vm.Running;

/// <summary>A vCPU with its local APIC and its way to the buses, and its part of a saved state.</summary>
internal sealed class Processor : IMachineDevice
{
    /// <param name="apic">Connected to the vCPU; null where the CPU engine has it built in.</param>
    public Processor(int index, IVcpu vcpu, LocalApicDevice? apic, VcpuBus bus)
    {
        Index = index;
        Vcpu = vcpu;
        Apic = apic;
        Bus = bus;
    }

    public int Index { get; }

    public string Name => $"vcpu{Index}";

    public IVcpu Vcpu { get; }

    public LocalApicDevice? Apic { get; }

    public VcpuBus Bus { get; }

    /// <summary>Runs guest code on the calling thread until something ends it.</summary>
    public VcpuExit Run() => Vcpu.Run(Bus);

    public void Reset() => Vcpu.Reset();

    /// <summary>Does what firmware does on every processor before a kernel starts.</summary>
    public void PrepareForKernel()
    {
        CpuState state = Vcpu.Save();
        MemoryTypes.Apply(state);
        Vcpu.Restore(state);
    }

    public void Save(IStateWriter to) => Vcpu.Save().Save(to);

    public void Restore(IStateReader from) => Vcpu.Restore(CpuState.Load(from));
}
