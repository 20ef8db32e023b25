using System.Text;
using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Saving;

/// <summary>What kind of machine a saved guest needs.</summary>
/// <param name="Memory">Bytes of RAM.</param>
/// <param name="TscFrequency">Ticks a second; the guest has measured it and relies on it.</param>
internal sealed record SavedGuestHeader(ulong Memory, int Cpus, string CpuModel, ulong TscFrequency)
{
    private const int MaximumNameLength = 64;

    public static SavedGuestHeader Of(GuestMachine machine) =>
        new(machine.Ram.Length, machine.Options.Cpus, machine.Options.Model.Name, machine.Options.TscFrequency);

    public static SavedGuestHeader Load(IStateReader from) =>
        new(from.ReadUInt64(), (int)from.ReadUInt32(), Encoding.UTF8.GetString(from.ReadBytes(MaximumNameLength)), from.ReadUInt64());

    public void Save(IStateWriter to)
    {
        to.WriteUInt64(Memory);
        to.WriteUInt32((uint)Cpus);
        to.WriteBytes(Encoding.UTF8.GetBytes(CpuModel));
        to.WriteUInt64(TscFrequency);
    }

    /// <summary>Refuses a machine that the guest would not recognise.</summary>
    /// <param name="model">The model that was asked for, or null for any.</param>
    /// <exception cref="SavedStateException">It differs in memory, processors or CPU model.</exception>
    public void Require(ulong memory, int cpus, CpuModel? model)
    {
        if (memory != Memory)
            throw new SavedStateException($"the guest was saved with {Memory >> 20} MiB of memory and cannot go on with {memory >> 20} MiB");
        if (cpus != Cpus)
            throw new SavedStateException($"the guest was saved with {Cpus} vCPUs and cannot go on with {cpus}");
        if (model is not null && model.Name != CpuModel)
            throw new SavedStateException($"the guest was saved with the CPU model {CpuModel} and cannot go on with {model.Name}");
    }
}
