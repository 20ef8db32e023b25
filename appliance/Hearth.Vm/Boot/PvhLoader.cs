using System.Buffers.Binary;
using System.Text;
using Hearth.Cpu;

namespace Hearth.Vm.Boot;

/// <summary>
/// Starts an ELF kernel by the PVH protocol (xen/include/public/arch-x86/hvm/start_info.h, version 1; docs/misc/pvh.pandoc).
/// The initrd is the first module, as Linux expects.
/// </summary>
internal static class PvhLoader
{
    private const uint StartMagic = 0x336E_C578;
    private const uint StartVersion = 1;
    private const int StartLength = 56;
    private const int ModuleLength = 32;
    private const int MapEntryLength = 24;

    public static void Load(BootRequest request, ElfImage elf, uint entry, BootMemory memory, CpuState state)
    {
        var area = new InfoArea(request.Kernel, memory);
        elf.CopyTo(memory);
        List<LoadedModule> modules = [];
        if (request.Initrd is { Length: > 0 } initrd)
            modules.Add(LoadedModule.Place(new BootModule(initrd, ""), memory));
        modules.AddRange(request.Modules.Select(module => LoadedModule.Place(module, memory)));

        ulong start = area.Take(StartLength);
        var info = new byte[StartLength];
        BinaryPrimitives.WriteUInt32LittleEndian(info, StartMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(4), StartVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(12), (uint)modules.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(16), WriteModules(modules, area));
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(24), area.Add(Encoding.UTF8.GetBytes(request.CommandLine + '\0')));
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(32), request.AcpiRootPointer);
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(40), WriteMap(memory.Map, area));
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(48), (uint)memory.Map.Count);
        memory.Write(start, info);
        EntryState.EnterProtectedMode(state, memory, entry);
        state.Registers[3] = start; // EBX
    }

    private static ulong WriteModules(List<LoadedModule> modules, InfoArea area)
    {
        if (modules.Count == 0)
            return 0;
        var list = new byte[modules.Count * ModuleLength];
        for (int i = 0; i < modules.Count; i++)
        {
            Span<byte> item = list.AsSpan(i * ModuleLength);
            BinaryPrimitives.WriteUInt64LittleEndian(item, modules[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(item[8..], modules[i].Length);
            BinaryPrimitives.WriteUInt64LittleEndian(item[16..], area.Add(modules[i].CommandLine));
        }

        return area.Add(list);
    }

    private static ulong WriteMap(IReadOnlyList<MemoryMapEntry> map, InfoArea area)
    {
        var table = new byte[map.Count * MapEntryLength];
        for (int i = 0; i < map.Count; i++)
        {
            Span<byte> item = table.AsSpan(i * MapEntryLength);
            BinaryPrimitives.WriteUInt64LittleEndian(item, map[i].Range.Start);
            BinaryPrimitives.WriteUInt64LittleEndian(item[8..], map[i].Range.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(item[16..], map[i].Type);
        }

        return area.Add(table);
    }
}
