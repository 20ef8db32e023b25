using System.Buffers.Binary;
using Hearth.Cpu;

namespace Hearth.Vm.Boot;

/// <summary>Processor states that boot protocols ask for, laid over the state after reset.</summary>
internal static class EntryState
{
    /// <summary>Where the descriptor table and the page tables lie: free for the kernel as soon as it has its own.</summary>
    public const ulong TableStart = 0x1000;

    /// <summary>The descriptor table's page, the PML4, one page-directory-pointer table and four page directories.</summary>
    public const ulong TableLength = 7 * BootMemory.PageSize;

    // __BOOT_CS and __BOOT_DS of Documentation/arch/x86/boot.rst; the other protocols do not care.
    private const ushort CodeSelector = 0x10;
    private const ushort DataSelector = 0x18;
    private const ushort TaskSelector = 0x20;

    private const ushort Code32 = 0xC9B;
    private const ushort Code64 = 0xA9B;
    private const ushort Data = 0xC93;
    private const ushort BusyTask32 = 0x08B;

    private const ulong Cr0ProtectedMode = 0x11;
    private const ulong Cr0Paging = 0x8000_0000;
    private const ulong Cr4PhysicalAddressExtension = 0x20;
    private const ulong EferLongModeActive = 0x500;
    private const ulong PresentWritable = 0x3;
    private const ulong LargePage = 0x80;
    private const ulong LargePageSize = 0x20_0000;

    private const ulong PageMapStart = TableStart + BootMemory.PageSize;

    /// <summary>Flat 32-bit protected mode without paging, interrupts off.</summary>
    public static void EnterProtectedMode(CpuState state, BootMemory memory, uint entry)
    {
        Flatten(state, memory, Code32);
        state.Cr0 = Cr0ProtectedMode;
        state.Cr3 = 0;
        state.Cr4 = 0;
        state.Efer = 0;
        state.Rip = entry;
    }

    /// <summary>64-bit mode with the first 4 GiB mapped one to one, interrupts off.</summary>
    public static void EnterLongMode(CpuState state, BootMemory memory, ulong entry)
    {
        Flatten(state, memory, Code64);
        WriteIdentityMap(memory);
        state.Cr0 = Cr0ProtectedMode | Cr0Paging;
        state.Cr3 = PageMapStart;
        state.Cr4 = Cr4PhysicalAddressExtension;
        state.Efer = EferLongModeActive;
        state.Rip = entry;
    }

    private static void Flatten(CpuState state, BootMemory memory, ushort code)
    {
        Array.Clear(state.Registers);
        state.Rflags = 2;
        state.Activity = VcpuActivity.Running;
        state.InterruptShadow = false;
        state[SegmentName.CS] = new SegmentRegister(CodeSelector, 0, uint.MaxValue, code);
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.DS, SegmentName.ES, SegmentName.FS, SegmentName.GS, SegmentName.SS])
            state[name] = new SegmentRegister(DataSelector, 0, uint.MaxValue, Data);

        // PVH wants a 32-bit TSS of 0x67 bytes at 0; no other protocol looks at TR.
        state[SegmentName.Tr] = new SegmentRegister(TaskSelector, 0, 0x67, BusyTask32);
        WriteDescriptors(state, memory, code);
    }

    private static void WriteDescriptors(CpuState state, BootMemory memory, ushort code)
    {
        ReadOnlySpan<ulong> descriptors = [0, 0, FlatDescriptor(code), FlatDescriptor(Data), ((ulong)BusyTask32 << 40) | 0x67, 0];
        WriteWords(memory, TableStart, descriptors);
        state.Gdtr = new DescriptorTable(TableStart, (ushort)((descriptors.Length * sizeof(ulong)) - 1));
    }

    private static ulong FlatDescriptor(ushort attributes) =>
        0x000F_0000_0000_FFFF | ((ulong)(attributes & 0xFF) << 40) | ((ulong)(attributes & 0xF00) << 44);

    private static void WriteIdentityMap(BootMemory memory)
    {
        const ulong PointersStart = PageMapStart + BootMemory.PageSize;
        const ulong DirectoriesStart = PointersStart + BootMemory.PageSize;
        var table = new ulong[512];
        table[0] = PointersStart | PresentWritable;
        WriteWords(memory, PageMapStart, table);
        for (int i = 0; i < 4; i++)
            table[i] = (DirectoriesStart + ((ulong)i * BootMemory.PageSize)) | PresentWritable;
        WriteWords(memory, PointersStart, table);
        for (int directory = 0; directory < 4; directory++)
        {
            for (int i = 0; i < table.Length; i++)
                table[i] = ((((ulong)directory * 512) + (ulong)i) * LargePageSize) | PresentWritable | LargePage;
            WriteWords(memory, DirectoriesStart + ((ulong)directory * BootMemory.PageSize), table);
        }
    }

    private static void WriteWords(BootMemory memory, ulong address, ReadOnlySpan<ulong> words)
    {
        var bytes = new byte[words.Length * sizeof(ulong)];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), words[i]);
        memory.Write(address, bytes);
    }
}
