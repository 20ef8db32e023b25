using Hearth.Machine;

namespace Hearth.Vm.Boot;

/// <summary>
/// The piece of low memory that holds what a PVH or multiboot kernel is told: the start record, strings, lists and the memory map.
/// It is taken before the kernel's segments, together with the descriptor table, so a kernel that wants the same bytes is refused.
/// </summary>
internal sealed class InfoArea
{
    private const ulong Start = 0x1_0000;
    private const ulong Length = 0x1_0000;

    private readonly BootImage _kernel;
    private readonly BootMemory _memory;
    private ulong _next = Start;

    /// <exception cref="MachineException">The guest has less than 128 KiB of conventional memory.</exception>
    public InfoArea(BootImage kernel, BootMemory memory)
    {
        _kernel = kernel;
        _memory = memory;
        if (!memory.TryReserve(EntryState.TableStart, EntryState.TableLength) || !memory.TryReserve(Start, Length))
            throw new MachineException($"the guest's {BootMemory.Say(memory.Size)} of memory are too small to start {kernel.Name}");
    }

    /// <summary>Takes room, zeroed, at a multiple of 8.</summary>
    /// <exception cref="MachineException">The command line and the modules' strings are longer than the area.</exception>
    public ulong Take(int length)
    {
        ulong start = _next;
        if ((ulong)length > Start + Length - start)
            throw new MachineException($"the command line and module strings for {_kernel.Name} are longer than {BootMemory.Say(Length)}");
        _next = BootMemory.AlignUp(start + (ulong)length, 8);
        _memory.Clear(start, (ulong)length);
        return start;
    }

    /// <returns>Where the bytes lie.</returns>
    public ulong Add(ReadOnlySpan<byte> bytes)
    {
        ulong start = Take(bytes.Length);
        _memory.Write(start, bytes);
        return start;
    }
}
