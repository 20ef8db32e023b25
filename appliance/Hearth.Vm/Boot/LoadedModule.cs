using System.Text;
using Hearth.Machine;

namespace Hearth.Vm.Boot;

/// <summary>A module where the kernel finds it.</summary>
/// <param name="CommandLine">With its terminating zero.</param>
internal sealed record LoadedModule(ulong Start, ulong Length, byte[] CommandLine)
{
    /// <summary>Copies a module to the lowest free page above 1 MiB; the kernel's segments are taken by then.</summary>
    /// <exception cref="MachineException">It does not fit.</exception>
    public static LoadedModule Place(BootModule module, BootMemory memory)
    {
        ulong length = module.Image.Length;
        if (!memory.TryPlaceLow(length, BootMemory.PageSize, BootMemory.HighMemoryStart, out ulong start))
        {
            throw new MachineException(
                $"{module.Image.Name} ({BootMemory.Say(length)}) does not fit beside the kernel into the guest's {BootMemory.Say(memory.Size)} of memory");
        }

        memory.Copy(module.Image, 0, length, start);
        return new LoadedModule(start, length, Encoding.UTF8.GetBytes(module.CommandLine + '\0'));
    }
}
