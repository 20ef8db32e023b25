using System.Buffers.Binary;
using Hearth.Cpu;
using Hearth.Fuzz.State;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Fuzz.Guest;

/// <summary>
/// The "operating system" of the guest: page tables that put the test areas where the oracle has them, and for every vector
/// a handler that reports to <see cref="ReportPort"/> and then stands still.
/// </summary>
internal sealed class GuestSystem
{
    public const ushort ReportPort = 0xF4;
    public const ulong RamLength = 0x20_0000;

    /// <summary>Guest-physical address of the memory image.</summary>
    public const ulong ImageAddress = 0x10_0000;

    /// <summary>Where the image's data lies in <see cref="GuestFlavour.DeviceMemory"/>; not RAM.</summary>
    public const ulong DeviceAddress = 0xD000_0000;

    private const ulong PageTables = 0x1000;
    private const ulong Kernel = 0x8_0000;
    private const ulong Gdt = Kernel;
    private const ulong Idt = Kernel + 0x1000;
    private const ulong Tss = Kernel + 0x2000;
    private const ulong Ldt = Kernel + 0x2800;
    private const ulong Handlers = Kernel + 0x3000;
    private const ulong StackTop = Kernel + 0x6000;
    private const int KernelLength = 0x6000;
    private const int HandlerStride = 16;

    private readonly GuestRam _ram;
    private readonly GuestFlavour _flavour;
    private readonly ulong _kernelBase;
    private readonly PageTableBuilder _tables;

    public GuestSystem(GuestRam ram, GuestFlavour flavour)
    {
        _ram = ram;
        _flavour = flavour;
        _kernelBase = flavour == GuestFlavour.Legacy ? 0xC000_0000 : 0xFFFF_8000_0000_0000;
        Descriptors = new GuestDescriptors(flavour, _kernelBase + Tss, _kernelBase + Ldt);
        _tables = new PageTableBuilder(ram, IsLong ? 4 : 3, PageTables);
        MapMemory();
        Write(Gdt, Descriptors.EncodeGlobal());
        Write(Ldt, GuestDescriptors.EncodeLocal());
        WriteHandlers();
        WriteTaskState();
    }

    public GuestDescriptors Descriptors { get; }

    private bool IsLong => _flavour != GuestFlavour.Legacy;

    /// <summary>Gives a vCPU's state the system registers that Linux gives its processors.</summary>
    public void SetSystemRegisters(CpuState state)
    {
        const ulong SceLmeLmaNxe = 0xD01;
        const ulong Nxe = 0x800;
        const ulong PagingWriteProtectAlignmentNumericProtected = 0x8005_0033;
        const ulong Cr4 = (1 << 3) | (1 << 4) | (1 << 5) | (1 << 7) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 16) | (1 << 18) | (1 << 20) | (1 << 21);
        const ulong FsGsBase = 1 << 16;
        state.Cr0 = PagingWriteProtectAlignmentNumericProtected;
        state.Cr3 = _tables.Root;
        state.Cr4 = IsLong ? Cr4 : Cr4 & ~FsGsBase;
        state.Efer = IsLong ? SceLmeLmaNxe : Nxe;
        state.Xcr0 = 7;
        state.Gdtr = new DescriptorTable(_kernelBase + Gdt, GuestDescriptors.GlobalLimit);
        state.Idtr = new DescriptorTable(_kernelBase + Idt, (ushort)((256 * (IsLong ? 16 : 8)) - 1));
        state[SegmentName.Ldtr] = Descriptors.Load(GuestDescriptors.LocalTable);
        state[SegmentName.Tr] = Descriptors.Load(GuestDescriptors.TaskState);
        state.Activity = VcpuActivity.Running;
    }

    /// <summary>Reads what a handler's entry left.</summary>
    /// <returns>False when the vCPU does not stand in a handler.</returns>
    public bool TryReadFrame(CpuState state, out ExceptionFrame frame)
    {
        frame = default;
        ulong handler = state.Rip - (_kernelBase + Handlers);
        ulong stack = state.Registers[4] - _kernelBase;
        if (handler >= 256 * HandlerStride || stack < Kernel || stack >= StackTop)
            return false;
        byte vector = (byte)(handler / HandlerStride);
        int word = IsLong ? 8 : 4;
        bool hasError = ExceptionVectors.HasErrorCode(vector);
        uint error = hasError ? (uint)Read(stack, word) : 0;
        ulong at = stack + (ulong)(hasError ? word : 0);
        frame = new ExceptionFrame(
            vector,
            error,
            Read(at, word),
            (ushort)Read(at + (ulong)word, word),
            Read(at + (ulong)(2 * word), word),
            Read(at + (ulong)(3 * word), word),
            (ushort)Read(at + (ulong)(4 * word), word));
        return true;
    }

    private void MapMemory()
    {
        _tables.Map(_kernelBase + Kernel, Kernel, KernelLength, user: false, writable: true, executable: true);
        foreach (MemoryArea area in MemoryLayout.Areas)
        {
            if (!IsLong && area.Address > uint.MaxValue)
                continue;
            bool inDevice = _flavour == GuestFlavour.DeviceMemory && !area.Executable;
            ulong physical = (inDevice ? DeviceAddress : ImageAddress) + (ulong)area.Offset;
            bool isWritable = area.Writable && !(area.Executable && _flavour == GuestFlavour.Direct);
            _tables.Map(area.Address, physical, area.Length, user: true, isWritable, area.Executable);
        }
    }

    private void WriteHandlers()
    {
        for (int vector = 0; vector < 256; vector++)
        {
            // OUT port, AL; JMP to itself.
            ulong handler = Handlers + (ulong)(vector * HandlerStride);
            Write(handler, [0xE6, (byte)ReportPort, 0xEB, 0xFE]);
            WriteGate(vector, _kernelBase + handler);
        }
    }

    private void WriteGate(int vector, ulong handler)
    {
        bool user = vector is ExceptionVectors.Breakpoint or ExceptionVectors.Overflow;
        ulong interruptGate = 0x8E00UL | (user ? 0x6000UL : 0);
        ulong low = (handler & 0xFFFF) | ((ulong)Descriptors.KernelCode << 16) | (interruptGate << 32) | ((handler & 0xFFFF_0000) << 32);
        int size = IsLong ? 16 : 8;
        Span<byte> gate = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(gate, low);
        BinaryPrimitives.WriteUInt64LittleEndian(gate[8..], handler >> 32);
        Write(Idt + (ulong)(vector * size), gate[..size]);
    }

    private void WriteTaskState()
    {
        Span<byte> tss = stackalloc byte[0x68];
        tss.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(tss[4..], _kernelBase + StackTop);
        if (!IsLong)
            BinaryPrimitives.WriteUInt32LittleEndian(tss[8..], GuestDescriptors.KernelData);

        // The I/O permission bitmap begins beyond the limit: no port is allowed.
        BinaryPrimitives.WriteUInt16LittleEndian(tss[0x66..], 0x68);
        Write(Tss, tss);
    }

    private void Write(ulong physical, ReadOnlySpan<byte> bytes) => _ram.TryWrite(new GuestAddress(physical), bytes);

    private ulong Read(ulong physical, int length)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        _ram.TryRead(new GuestAddress(physical), bytes[..length]);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
