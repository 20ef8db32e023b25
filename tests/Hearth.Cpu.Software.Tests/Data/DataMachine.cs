using System.Runtime.InteropServices;
using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>One vCPU's state with RAM, paging and the data instructions; runs one instruction at a time.</summary>
/// <remarks>
/// In <see cref="Long"/> mode the first 2 MiB are mapped one to one with 4 KiB pages, whose entries <see cref="Unmap"/> and
/// <see cref="Protect"/> change; the page tables take up 0x1000–0x7FFF.
/// </remarks>
internal sealed unsafe class DataMachine : IDisposable
{
    public const ulong CodeAddress = 0x8000;
    public const ulong DataAddress = 0x1_0000;
    public const ulong StackTop = 0x8_0000;

    private const ulong PageTable = 0x4000;
    private const ulong UserPage = 7;

    private readonly int _bitness;
    private readonly byte[] _code = new byte[16];
    private ulong _nextTable = 0x5000;

    private DataMachine(int bitness)
    {
        _bitness = bitness;
        State = (VcpuState*)NativeMemory.AlignedAlloc(VcpuState.Size, 4096);
        NativeMemory.Clear(State, VcpuState.Size);
        Ram = new GuestRam(0x20_0000);
        Mmu = new Mmu(State, Ram);
        Debug = new DebugEvents(State);
        Access = new GuestAccess(State, Ram, Mmu, Debug) { Bus = Bus };
        Fpu = new RecordingHostFpu(State);
        Instructions = new DataInstructions(State, Ram, Mmu, Access, Debug, Fpu);
        State->Rip = CodeAddress;
        State->Gpr[4] = StackTop;
        State->SystemFlags = Rflags.AlwaysOne;
        State->Mxcsr = 0x1F80;
        State->Xcr0 = 7;
        State->Cr0 = ControlRegister.Cr0NumericError;
        State->Cr4 = ControlRegister.Cr4OsFxsr | ControlRegister.Cr4OsXsave;
        *(ushort*)State->X87 = 0x37F;
    }

    public VcpuState* State { get; }

    public GuestRam Ram { get; }

    public Mmu Mmu { get; }

    public DebugEvents Debug { get; }

    public GuestAccess Access { get; }

    public RecordingBus Bus { get; } = new();

    public RecordingHostFpu Fpu { get; }

    public DataInstructions Instructions { get; }

    public ref ulong Rax => ref State->Gpr[0];

    public ref ulong Rcx => ref State->Gpr[1];

    public ref ulong Rdx => ref State->Gpr[2];

    public ref ulong Rbx => ref State->Gpr[3];

    public ref ulong Rsp => ref State->Gpr[4];

    public ref ulong Rbp => ref State->Gpr[5];

    public ref ulong Rsi => ref State->Gpr[6];

    public ref ulong Rdi => ref State->Gpr[7];

    /// <summary>64-bit code at CPL 3 with IOPL 0, paging on.</summary>
    public static DataMachine Long()
    {
        var machine = new DataMachine(64);
        machine.Write(0x1000, 0x2000 | UserPage);
        machine.Write(0x2000, 0x3000 | UserPage);
        machine.Write(0x3000, PageTable | UserPage);
        for (ulong page = 0; page < 512; page++)
            machine.Write(PageTable + (page * 8), (page << 12) | UserPage);
        machine.State->Cr3 = 0x1000;
        machine.State->Cr0 |= ControlRegister.Cr0ProtectedMode | ControlRegister.Cr0Paging;
        machine.State->Cr4 |= ControlRegister.Cr4Pae;
        machine.State->Efer = ControlRegister.EferLongModeEnable | ControlRegister.EferLongModeActive;
        machine.SetSegments(0x1000, uint.MaxValue, SegmentAttribute.Long);
        machine.State->Cpl = 3;
        ModeState.Update(machine.State);
        return machine;
    }

    /// <summary>Flat 32-bit protected mode at CPL 0, no paging.</summary>
    public static DataMachine Protected32()
    {
        var machine = new DataMachine(32);
        machine.State->Cr0 |= ControlRegister.Cr0ProtectedMode;
        machine.SetSegments(0, uint.MaxValue, SegmentAttribute.Big);
        ModeState.Update(machine.State);
        return machine;
    }

    /// <summary>Real mode; every segment starts at <see cref="DataAddress"/>.</summary>
    public static DataMachine Real()
    {
        var machine = new DataMachine(16);
        machine.SetSegments(DataAddress, ushort.MaxValue, 0);
        machine.Rsp = 0x8000;
        ModeState.Update(machine.State);
        return machine;
    }

    public Instruction Decode(ReadOnlySpan<byte> code)
    {
        code.CopyTo(_code);
        var decoder = Decoder.Create(_bitness, new ByteArrayCodeReader(_code, 0, code.Length));
        decoder.IP = State->Rip;
        return decoder.Decode();
    }

    /// <summary>Executes the instruction as if it lay at RIP.</summary>
    public StepResult Run(params ReadOnlySpan<byte> code) => Instructions.Execute(Decode(code));

    public ulong Read(ulong address, int size = 8)
    {
        ulong value = 0;
        new ReadOnlySpan<byte>(Ram.HostAddress(address), size).CopyTo(new Span<byte>(&value, size));
        return value;
    }

    public void Write(ulong address, ulong value, int size = 8) =>
        new ReadOnlySpan<byte>(&value, size).CopyTo(new Span<byte>(Ram.HostAddress(address), size));

    public Span<byte> Bytes(ulong address, int length) => new(Ram.HostAddress(address), length);

    /// <summary>Maps a range of linear addresses below 512 GiB elsewhere than one to one, through further tables from 0x5000 on.</summary>
    public void Map(ulong linear, ulong physical, ulong length)
    {
        for (ulong offset = 0; offset < length; offset += 0x1000)
        {
            ulong directory = Table(0x2000 + (((linear + offset) >> 30) * 8));
            ulong table = Table(directory + ((((linear + offset) >> 21) & 511) * 8));
            Write(table + ((((linear + offset) >> 12) & 511) * 8), (physical + offset) | UserPage);
        }
    }

    public void Unmap(ulong address) => ChangeEntry(address, 0);

    public void Protect(ulong address) => ChangeEntry(address, (address & ~0xFFFUL) | 5);

    public void Dispose()
    {
        Instructions.Dispose();
        Ram.Dispose();
        NativeMemory.AlignedFree(State);
    }

    /// <summary>The table that an entry points to, made if there is none.</summary>
    private ulong Table(ulong entry)
    {
        if (Read(entry) == 0)
        {
            Write(entry, _nextTable | UserPage);
            _nextTable += 0x1000;
        }

        return Read(entry) & ~0xFFFUL;
    }

    private void ChangeEntry(ulong address, ulong entry)
    {
        Write(PageTable + ((address >> 12) * 8), entry);
        Mmu.Flush();
    }

    /// <param name="size">L or D/B of the code segment; the data segments get D/B unless it is 0.</param>
    private void SetSegments(ulong start, uint limit, ushort size)
    {
        ulong segmentBase = size == SegmentAttribute.Long ? 0 : start;
        for (int i = 0; i < 6; i++)
        {
            bool isCode = i == (int)SegmentName.CS && size != 0;
            State->SegmentBase[i] = segmentBase;
            State->SegmentLimit[i] = limit;
            State->SegmentAttributes[i] = (ushort)(isCode
                ? SegmentAttribute.RealMode | SegmentAttribute.Code | size
                : SegmentAttribute.RealMode | (size == 0 ? 0 : SegmentAttribute.Big));
        }
    }
}
