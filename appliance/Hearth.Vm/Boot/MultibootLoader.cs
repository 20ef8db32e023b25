using System.Buffers.Binary;
using System.Text;
using Hearth.Cpu;
using Hearth.Machine;

namespace Hearth.Vm.Boot;

/// <summary>Starts a multiboot 1 kernel (Multiboot Specification 0.6.96, sections 3.2 and 3.3). An initrd becomes the first module.</summary>
internal static class MultibootLoader
{
    private const uint BootMagic = 0x2BAD_B002;
    private const int InfoLength = 116;
    private const int ModuleLength = 16;
    private const int MapEntryLength = 24;

    private const uint HasMemory = 1 << 0;
    private const uint HasCommandLine = 1 << 2;
    private const uint HasModules = 1 << 3;
    private const uint HasMemoryMap = 1 << 6;
    private const uint HasLoaderName = 1 << 9;

    public static void Load(BootRequest request, MultibootHeader header, BootMemory memory, CpuState state)
    {
        var area = new InfoArea(request.Kernel, memory);
        uint entry = CopyKernel(request.Kernel, header, memory);
        List<LoadedModule> modules = [];
        if (request.Initrd is { Length: > 0 } initrd)
            modules.Add(LoadedModule.Place(new BootModule(initrd, initrd.Name), memory));
        modules.AddRange(request.Modules.Select(module => LoadedModule.Place(module, memory)));

        ulong start = WriteInfo(request.CommandLine, modules, memory, area);
        EntryState.EnterProtectedMode(state, memory, entry);
        state.Registers[0] = BootMagic; // EAX
        state.Registers[3] = start; // EBX
    }

    private static uint CopyKernel(BootImage kernel, MultibootHeader header, BootMemory memory)
    {
        if (header.HasAddresses)
        {
            ElfSegment segment = header.AddressedSegment(kernel);
            if (segment.Length == 0 || !memory.TryReserve(segment.Address, segment.Length))
                throw new MachineException($"{kernel.Name} wants {BootMemory.Say(segment.Length)} at 0x{segment.Address:x}, which is not free in the guest's {BootMemory.Say(memory.Size)} of memory");
            memory.Copy(kernel, segment.Offset, segment.FileLength, segment.Address);
            memory.Clear(segment.Address + segment.FileLength, segment.Length - segment.FileLength);
            return header.EntryAddress;
        }

        var elf = new ElfImage(kernel);
        elf.CopyTo(memory);
        return (uint)elf.Physical(elf.Entry);
    }

    private static ulong WriteInfo(string commandLine, List<LoadedModule> modules, BootMemory memory, InfoArea area)
    {
        // The specification counts in KiB: up to 640 from 0, and from 1 MiB to the first hole.
        ulong upper = memory.LowEnd <= BootMemory.HighMemoryStart ? 0 : (memory.LowEnd - BootMemory.HighMemoryStart) >> 10;
        ulong start = area.Take(InfoLength);
        var info = new byte[InfoLength];
        Write(info, 0, HasMemory | HasCommandLine | HasModules | HasMemoryMap | HasLoaderName);
        Write(info, 4, 640);
        Write(info, 8, upper);
        Write(info, 16, area.Add(Encoding.UTF8.GetBytes(commandLine + '\0')));
        Write(info, 20, (ulong)modules.Count);
        Write(info, 24, WriteModules(modules, area));
        Write(info, 44, (ulong)(memory.Map.Count * MapEntryLength));
        Write(info, 48, WriteMap(memory.Map, area));
        Write(info, 64, area.Add("Hearth\0"u8));
        memory.Write(start, info);
        return start;
    }

    private static ulong WriteModules(List<LoadedModule> modules, InfoArea area)
    {
        var list = new byte[modules.Count * ModuleLength];
        for (int i = 0; i < modules.Count; i++)
        {
            Write(list, i * ModuleLength, modules[i].Start);
            Write(list, (i * ModuleLength) + 4, modules[i].Start + modules[i].Length);
            Write(list, (i * ModuleLength) + 8, area.Add(modules[i].CommandLine));
        }

        return area.Add(list);
    }

    private static ulong WriteMap(IReadOnlyList<MemoryMapEntry> map, InfoArea area)
    {
        var table = new byte[map.Count * MapEntryLength];
        for (int i = 0; i < map.Count; i++)
        {
            // The size field does not count itself.
            Span<byte> item = table.AsSpan(i * MapEntryLength);
            BinaryPrimitives.WriteUInt32LittleEndian(item, MapEntryLength - sizeof(uint));
            BinaryPrimitives.WriteUInt64LittleEndian(item[4..], map[i].Range.Start);
            BinaryPrimitives.WriteUInt64LittleEndian(item[12..], map[i].Range.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(item[20..], map[i].Type);
        }

        return area.Add(table);
    }

    private static void Write(byte[] to, int offset, ulong value) => BinaryPrimitives.WriteUInt32LittleEndian(to.AsSpan(offset), (uint)value);
}
