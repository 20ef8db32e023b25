using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Boot;

/// <summary>Puts a kernel into guest RAM and vCPU 0 at its entry point, as a boot loader would.</summary>
public static class KernelLoader
{
    /// <summary>
    /// Finds out what the kernel is and lays it out: a bzImage; a multiboot 1 kernel; or an ELF file with a PVH entry. A 32-bit
    /// file that is both of the last two is started as multiboot, as other loaders do.
    /// </summary>
    /// <param name="slots">The guest's RAM, as in <see cref="GuestRam.Slots"/>.</param>
    /// <param name="state">vCPU 0 after reset; changed to the entry state.</param>
    /// <exception cref="MachineException">The kernel, or what goes with it, cannot be started; one sentence says why.</exception>
    public static void Load(BootRequest request, IGuestMemory memory, IReadOnlyList<RamSlot> slots, CpuState state)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(slots);
        ArgumentNullException.ThrowIfNull(state);

        BootImage kernel = request.Kernel;
        if (kernel.Length == 0)
            throw new MachineException($"{kernel.Name} is empty");
        var head = new byte[Math.Min(kernel.Length, MultibootHeader.SearchLength)];
        kernel.Read(0, head);
        var layout = new BootMemory(memory, slots);
        if (SetupHeader.IsPresent(head))
            LinuxLoader.Load(request, layout, state);
        else
            LoadOther(request, head, layout, state);
    }

    private static void LoadOther(BootRequest request, byte[] head, BootMemory memory, CpuState state)
    {
        BootImage kernel = request.Kernel;
        MultibootHeader? header = MultibootHeader.Find(kernel, head);
        ElfImage? elf = ElfImage.IsPresent(head) ? new ElfImage(kernel) : null;
        if (header is not null && (header.HasAddresses || elf is { Is64Bit: false }))
            MultibootLoader.Load(request, header, memory, state);
        else if (elf is not null && PvhNote.TryFindEntry(kernel, elf, out uint entry))
            PvhLoader.Load(request, elf, entry, memory, state);
        else if (elf is not null && header is not null)
            throw new MachineException($"{kernel.Name} is a 64-bit multiboot kernel; multiboot 1 starts 32-bit ones");
        else if (elf is not null)
            throw new MachineException($"{kernel.Name} is an ELF file with neither a PVH nor a multiboot entry");
        else
            throw new MachineException($"{kernel.Name} is no kernel: it is neither a bzImage nor a PVH or multiboot kernel");
    }
}
