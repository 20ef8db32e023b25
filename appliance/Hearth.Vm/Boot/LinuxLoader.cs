using System.Text;
using Hearth.Cpu;
using Hearth.Machine;

namespace Hearth.Vm.Boot;

/// <summary>Starts a bzImage by the 64-bit or the 32-bit boot protocol (Documentation/arch/x86/boot.rst).</summary>
internal static class LinuxLoader
{
    private const ulong ParametersAddress = 0x1_0000;
    private const ulong CommandLineAddress = 0x2_0000;

    /// <summary>Room kept for the command line with its terminating zero, whatever the header promises.</summary>
    private const uint CommandLineRoom = 0x1_0000;

    private const ulong LongModeEntry = 0x200;

    public static void Load(BootRequest request, BootMemory memory, CpuState state)
    {
        var header = new SetupHeader(request.Kernel);
        if (request.Modules.Count > 0)
            throw new MachineException($"{request.Kernel.Name} is a bzImage, and a bzImage takes an initrd but no modules");
        bool reserved = memory.TryReserve(EntryState.TableStart, EntryState.TableLength)
            && memory.TryReserve(ParametersAddress, BootParameters.Length)
            && memory.TryReserve(CommandLineAddress, CommandLineRoom);
        ulong kernel = PlaceKernel(request.Kernel, header, memory);
        if (!reserved || kernel > uint.MaxValue)
            throw TooSmall(request.Kernel, header, memory);

        var parameters = new BootParameters(header);
        parameters.SetKernel((uint)kernel);
        parameters.SetAcpiRootPointer(request.AcpiRootPointer);
        parameters.SetMemoryMap(memory.Map);
        WriteCommandLine(request, header, memory, parameters);
        WriteInitrd(request.Initrd, header, memory, parameters);
        memory.Copy(request.Kernel, header.KernelOffset, header.KernelLength, kernel);
        memory.Write(ParametersAddress, parameters.Bytes);
        if (header.Has64BitEntry && request.LongMode)
            EntryState.EnterLongMode(state, memory, kernel + LongModeEntry);
        else
            EntryState.EnterProtectedMode(state, memory, (uint)kernel);
        state.Registers[6] = ParametersAddress; // RSI
    }

    private static ulong PlaceKernel(BootImage image, SetupHeader header, BootMemory memory)
    {
        if (memory.TryReserve(header.PreferredAddress, header.InitialSize))
            return header.PreferredAddress;

        // A relocatable kernel moves itself up to its preferred address when it is loaded below it, so only above is an alternative.
        if (header.Relocatable
            && header.PreferredAddress < uint.MaxValue
            && memory.TryPlaceLow(header.InitialSize, header.Alignment, header.PreferredAddress, out ulong start))
            return start;
        throw TooSmall(image, header, memory);
    }

    private static MachineException TooSmall(BootImage image, SetupHeader header, BootMemory memory) => new(
        $"{image.Name} needs {BootMemory.Say(header.InitialSize)} of memory at 0x{header.PreferredAddress:x} to start, "
        + $"{BootMemory.Say(header.PreferredAddress + header.InitialSize)} in all; the guest has {BootMemory.Say(memory.Size)}");

    private static void WriteCommandLine(BootRequest request, SetupHeader header, BootMemory memory, BootParameters parameters)
    {
        byte[] text = Encoding.UTF8.GetBytes(request.CommandLine + '\0');
        uint limit = Math.Min(header.CommandLineLimit, CommandLineRoom - 1);
        if (text.Length - 1 > limit)
            throw new MachineException($"the command line has {text.Length - 1} bytes; {request.Kernel.Name} takes {limit}");
        memory.Write(CommandLineAddress, text);
        parameters.SetCommandLine((uint)CommandLineAddress);
    }

    private static void WriteInitrd(BootImage? initrd, SetupHeader header, BootMemory memory, BootParameters parameters)
    {
        if (initrd is null || initrd.Length == 0)
            return;
        ulong limit = Math.Min(header.InitrdLimit + 1UL, memory.LowEnd);
        if (initrd.Length > uint.MaxValue || !memory.TryPlaceHigh(initrd.Length, limit, out ulong start))
        {
            throw new MachineException(
                $"{initrd.Name} ({BootMemory.Say(initrd.Length)}) does not fit beside the kernel into the guest's {BootMemory.Say(memory.Size)} of memory");
        }

        memory.Copy(initrd, 0, initrd.Length, start);
        parameters.SetInitrd((uint)start, (uint)initrd.Length);
    }
}
