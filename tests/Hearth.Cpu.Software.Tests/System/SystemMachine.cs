using Hearth.Linux;
using Hearth.Machine;
using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software.Tests;

/// <summary>
/// A vCPU without a translator: RAM mapped one to one, a GDT, an IDT, task-state segments, and an interpreter for single
/// instructions of the system side.
/// </summary>
internal sealed unsafe class SystemMachine : IDisposable
{
    public const ulong Gdt = 0x2000;
    public const ulong Idt = 0x3000;
    public const ulong Tss = 0x4000;
    public const ulong OtherTss = 0x5000;
    public const ulong Code = 0x8000;
    public const ulong Pml4 = 0x10_0000;
    public const ulong UserStack = 0x2_0000;
    public const ulong KernelStack = 0x3_0000;
    public const ulong InterruptStack = 0x4_0000;

    public const ushort KernelCode = 0x08;
    public const ushort KernelData = 0x10;
    public const ushort UserCode32 = 0x18 | 3;
    public const ushort UserData = 0x20 | 3;
    public const ushort UserCode64 = 0x28 | 3;
    public const ushort Task = 0x30;
    public const ushort OtherTask = 0x40;
    public const ushort Gate = 0x50;
    public const ushort Spare = 0x60;

    private const ulong PageFlags = PageTableEntry.Present | PageTableEntry.Writable | PageTableEntry.User;

    private readonly MappedMemory _memory = MappedMemory.Anonymous(VcpuState.Size);

    public SystemMachine(CpuModel? model = null, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        State = (VcpuState*)_memory.Address;
        Partition = new HyperVPartition(Ram, Tsc.Frequency);
        Model = model ?? CpuModel.X64Version3Of2021;
        ResetState.Reset(State, Model, bootstrap: true);
        Mmu = new Mmu(State, Ram);
        Debug = new DebugEvents(State);
        Access = new GuestAccess(State, Ram, Mmu, Debug);
        Events = new EventDelivery(State, Access, Mmu, Debug);
        CpuidTable cpuid = CpuidBuilder.Build(Model, new CpuTopology(0, 1), Tsc.Frequency, SpeculationControls.OfTranslatedCode, paravirtual);
        System = new SystemInstructions(State, Ram, Mmu, Access, Events, Debug, Model, cpuid, Tsc, RegistersOf(paravirtual));
        System.Connect(Apic);
        Mapper = new CpuStateMapper(State, Model, System.Registers, Tsc);
    }

    public VcpuState* State { get; }

    public CpuModel Model { get; }

    public GuestRam Ram { get; } = new(8 << 20);

    public Mmu Mmu { get; }

    public DebugEvents Debug { get; }

    public GuestAccess Access { get; }

    public EventDelivery Events { get; }

    public SystemInstructions System { get; }

    public CpuStateMapper Mapper { get; }

    /// <summary>What all vCPUs share of Hyper-V's interface.</summary>
    public HyperVPartition Partition { get; }

    public FakeApic Apic { get; } = new();

    public FakeTimestampCounter Tsc { get; } = new();

    public FakeHostTime Host { get; } = new();

    public ulong Rsp => State->Gpr[4];

    public ulong Flags => Rflags.Get(State);

    public ushort Selector(SegmentName name) => State->SegmentSelector[(int)name];

    /// <summary>64-bit mode at level 0 with 4-level paging: 8 MiB mapped one to one, for the user too.</summary>
    public static SystemMachine Long(CpuModel? model = null, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        var machine = new SystemMachine(model, paravirtual);
        machine.WriteTables64();
        VcpuState* state = machine.State;
        state->Cr0 = 0x8001_0033;
        state->Cr3 = Pml4;
        state->Cr4 = ControlRegister.Cr4Pae | ControlRegister.Cr4GlobalPages | ControlRegister.Cr4FsGsBase;
        state->Efer = ControlRegister.EferLongModeEnable | ControlRegister.EferLongModeActive |
            ControlRegister.EferSyscall | ControlRegister.EferNoExecute;
        machine.WriteDescriptor(KernelCode, 0x00AF_9B00_0000_FFFF);
        machine.WriteDescriptor(UserCode64, 0x00AF_FB00_0000_FFFF);
        machine.WriteDescriptor(Task, 0x0000_8900_0000_0067 | (Tss << 16));
        machine.WriteDescriptor(Task + 8, 0);
        machine.Enter(KernelCode, KernelData);
        Segments.Set(state, SegmentName.Tr, new SegmentRegister(Task, Tss, 0x67, 0x8B));
        machine.Write(Tss + 4, 8, KernelStack);
        machine.Write(Tss + 36, 8, InterruptStack);
        machine.StoreStack(KernelStack - 0x100);
        return machine;
    }

    /// <summary>32-bit protected mode at level 0, flat, without paging; a 32-bit TSS with a level 0 stack.</summary>
    public static SystemMachine Protected(ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        var machine = new SystemMachine(null, paravirtual);
        VcpuState* state = machine.State;
        state->Cr0 = 0x31;
        machine.WriteDescriptor(KernelCode, 0x00CF_9B00_0000_FFFF);
        machine.WriteDescriptor(Task, 0x0000_8900_0000_0067 | (Tss << 16));
        machine.WriteDescriptor(OtherTask, 0x0000_8900_0000_0067 | (OtherTss << 16));
        machine.Enter(KernelCode, KernelData);
        Segments.Set(state, SegmentName.Tr, new SegmentRegister(Task, Tss, 0x67, 0x8B));
        machine.Write(Tss + 4, 4, KernelStack);
        machine.Write(Tss + 8, 4, KernelData);
        machine.StoreStack(KernelStack - 0x100);
        return machine;
    }

    /// <summary>Real mode at 0000:8000, with a stack.</summary>
    public static SystemMachine Real(ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        var machine = new SystemMachine(null, paravirtual);
        SegmentLoader.SetRealModeCode(machine.State, 0);
        machine.State->IdtrLimit = 0x3FF;
        machine.State->Rip = Code;
        machine.StoreStack(0x7000);
        ModeState.Update(machine.State);
        return machine;
    }

    /// <summary>Continues at level 3 with the user's stack.</summary>
    public void EnterUser()
    {
        bool isLong = (State->Efer & ControlRegister.EferLongModeActive) != 0;
        Enter(isLong ? UserCode64 : UserCode32, UserData);
        StoreStack(UserStack);
    }

    /// <summary>Puts an instruction at RIP and executes it.</summary>
    public StepResult Execute(params byte[] bytes)
    {
        ulong at = (State->SegmentBase[(int)SegmentName.CS] * ((Mode & ModeFlags.Long) == 0 ? 1UL : 0)) + State->Rip;
        Ram.TryWrite(new GuestAddress(at), bytes);
        int bits = (Mode & ModeFlags.Long) != 0 ? 64 : (Mode & ModeFlags.Code32) != 0 ? 32 : 16;
        var decoder = Decoder.Create(bits, bytes);
        decoder.IP = State->Rip;
        return System.Execute(decoder.Decode());
    }

    public ModeFlags Mode => (ModeFlags)State->Mode;

    public void WriteDescriptor(int selector, ulong raw) => Write(Gdt + ((ulong)selector & 0xFFF8), 8, raw);

    /// <summary>A 64-bit gate; its handler is at 0x9000 + 16 * vector.</summary>
    public void WriteGate64(int vector, int selector = KernelCode, int type = 0x8E, int stack = 0)
    {
        ulong entry = HandlerOf(vector);
        ulong low = (entry & 0xFFFF) | ((ulong)selector << 16) | ((ulong)stack << 32) | ((ulong)type << 40) | ((entry >> 16) << 48);
        Write(Idt + (16 * (ulong)vector), 8, low);
        Write(Idt + (16 * (ulong)vector) + 8, 8, entry >> 32);
    }

    /// <summary>A 32-bit or 16-bit gate, or a task gate.</summary>
    public void WriteGate32(int vector, int selector = KernelCode, int type = 0x8E)
    {
        ulong entry = HandlerOf(vector);
        ulong low = (entry & 0xFFFF) | ((ulong)selector << 16) | ((ulong)type << 40) | ((entry >> 16) << 48);
        Write(Idt + (8 * (ulong)vector), 8, low);
    }

    public static ulong HandlerOf(int vector) => 0x9000 + (16 * (ulong)vector);

    public void Write(ulong physical, int size, ulong value) =>
        Ram.TryWrite(new GuestAddress(physical), new ReadOnlySpan<byte>(&value, size));

    public ulong Read(ulong physical, int size)
    {
        ulong value = 0;
        Ram.TryRead(new GuestAddress(physical), new Span<byte>(&value, size));
        return value;
    }

    /// <summary>A value on the current stack, which is mapped one to one.</summary>
    public ulong Stacked(int index, int size) => Read(Rsp + (ulong)(index * size), size);

    public void StoreStack(ulong pointer) => State->Gpr[4] = pointer;

    public void Dispose()
    {
        Ram.Dispose();
        _memory.Dispose();
    }

    private void Enter(ushort code, ushort data)
    {
        WriteDescriptor(KernelData, 0x00CF_9300_0000_FFFF);
        WriteDescriptor(UserCode32, 0x00CF_FB00_0000_FFFF);
        WriteDescriptor(UserData, 0x00CF_F300_0000_FFFF);
        (State->GdtrBase, State->GdtrLimit) = (Gdt, 0xFF);
        (State->IdtrBase, State->IdtrLimit) = (Idt, 0xFFF);
        State->Cpl = (byte)(code & 3);
        Load(SegmentName.CS, code);
        for (SegmentName name = SegmentName.ES; name <= SegmentName.GS; name++)
            Load(name, name == SegmentName.CS ? code : data);
        State->Rip = Code;
        ModeState.Update(State);
    }

    private ParavirtualRegisters RegistersOf(ParavirtualInterface paravirtual) => paravirtual switch
    {
        ParavirtualInterface.Kvm => new KvmRegisters(Ram, Tsc, Host),
        ParavirtualInterface.HyperV => new HyperVRegisters(Partition, 0, Ram, Tsc, Host),
        _ => new ParavirtualRegisters(Ram, Tsc, Host),
    };

    private void Load(SegmentName name, ushort selector)
    {
        var descriptor = new Descriptor(Read(Gdt + (selector & 0xFFF8U), 8));
        Segments.Set(State, name, descriptor.ToSegment(selector));
    }

    private void WriteTables64()
    {
        Write(Pml4, 8, (Pml4 + 0x1000) | PageFlags);
        Write(Pml4 + 0x1000, 8, (Pml4 + 0x2000) | PageFlags);
        for (ulong i = 0; i < 4; i++)
            Write(Pml4 + 0x2000 + (8 * i), 8, (i << 21) | PageFlags | PageTableEntry.PageSize);
    }
}
