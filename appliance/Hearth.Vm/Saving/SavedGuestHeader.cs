using System.Text;
using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Saving;

/// <summary>What kind of machine a saved guest needs.</summary>
/// <param name="Memory">Bytes of RAM.</param>
/// <param name="TscFrequency">Ticks a second; the guest has measured it and relies on it.</param>
/// <param name="Paravirtual">The interface that the guest was offered, and has looked for once.</param>
/// <param name="FirmwareLength">Bytes of the firmware that has started it, which is saved with it; 0 for none.</param>
internal sealed record SavedGuestHeader(ulong Memory, int Cpus, string CpuModel, ulong TscFrequency, ParavirtualInterface Paravirtual, int FirmwareLength = 0)
{
    private const int MaximumNameLength = 64;

    public static SavedGuestHeader Of(GuestMachine machine) =>
        new(machine.Ram.Length, machine.Options.Cpus, machine.Options.Model.Name, machine.Options.TscFrequency, machine.Options.Paravirtual, machine.Ram.RomLength);

    /// <exception cref="SavedStateException">It is damaged.</exception>
    public static SavedGuestHeader Load(IStateReader from) =>
        new(from.ReadUInt64(), (int)from.ReadUInt32(), ReadName(from), from.ReadUInt64(), LoadParavirtual(from), LoadFirmwareLength(from));

    public void Save(IStateWriter to)
    {
        to.WriteUInt64(Memory);
        to.WriteUInt32((uint)Cpus);
        to.WriteBytes(Encoding.UTF8.GetBytes(CpuModel));
        to.WriteUInt64(TscFrequency);
        to.WriteBytes(Encoding.UTF8.GetBytes(ParavirtualNames.NameOf(Paravirtual)));
        to.WriteUInt32((uint)FirmwareLength);
    }

    /// <summary>Refuses a machine that the guest would not recognise.</summary>
    /// <param name="model">The model that was asked for, or null for any.</param>
    /// <param name="paravirtual">The same of the paravirtual interface.</param>
    /// <exception cref="SavedStateException">It differs in memory, processors, CPU model or paravirtual interface.</exception>
    public void Require(ulong memory, int cpus, CpuModel? model, ParavirtualInterface? paravirtual)
    {
        if (memory != Memory)
            throw new SavedStateException($"the guest was saved with {Memory >> 20} MiB of memory and cannot go on with {memory >> 20} MiB");
        if (cpus != Cpus)
            throw new SavedStateException($"the guest was saved with {Cpus} vCPUs and cannot go on with {cpus}");
        if (model is not null && model.Name != CpuModel)
            throw new SavedStateException($"the guest was saved with the CPU model {CpuModel} and cannot go on with {model.Name}");
        if (paravirtual is { } asked && asked != Paravirtual)
            throw new SavedStateException($"the guest was saved with the paravirtual interface {ParavirtualNames.NameOf(Paravirtual)} and cannot go on with {ParavirtualNames.NameOf(asked)}");
    }

    private static ParavirtualInterface LoadParavirtual(IStateReader from)
    {
        try
        {
            return ParavirtualNames.Find(ReadName(from));
        }
        catch (MachineException error)
        {
            throw new SavedStateException($"the saved guest needs what this Hearth does not have: {error.Message}", error);
        }
    }

    private static int LoadFirmwareLength(IStateReader from)
    {
        uint length = from.ReadUInt32();
        return length <= GuestRam.RomMaximum && length % GuestRam.PageSize == 0
            ? (int)length
            : throw new SavedStateException($"the saved guest is damaged: it claims {length} bytes of firmware");
    }

    private static string ReadName(IStateReader from) => Encoding.UTF8.GetString(from.ReadBytes(MaximumNameLength));
}
