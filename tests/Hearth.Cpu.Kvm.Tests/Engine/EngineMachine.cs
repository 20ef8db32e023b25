using Hearth.Cpu.Software;
using Hearth.Devices.Platform;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Testing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>
/// Small 64-bit guests of either engine, with the machine's real interrupt hardware: 4 GiB mapped to themselves, an IDT whose handlers write their
/// vector to <see cref="GuestBus.Port"/> and return.
/// </summary>
internal sealed class EngineMachine : IDisposable
{
    public const ulong Code = 0x1_0000;
    public const ulong Data = 0x2_0000;

    private const ulong Root = 0x1000;
    private const ulong DirectoryPointers = 0x2000;
    private const ulong Directories = 0x3000;
    private const ulong Gdt = 0x8000;
    private const ulong Idt = 0x9000;
    private const ulong Handlers = 0xA000;
    private const ulong Stacks = 0x3_0000;
    private const int HandlerStride = 32;
    private const ulong RamLength = 2 << 20;

    private readonly Bus _memory = new("memory", Bus.MemorySpace);
    private readonly Bus _ports = new("port", Bus.PortSpace);
    private readonly PortableParker _parker = new();

    private readonly ParavirtualInterface _paravirtual;

    public EngineMachine(EngineKind kind, int vcpus = 1, CpuModel? model = null, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        _paravirtual = paravirtual;
        Model = model ?? CpuModel.X64Version2;
        if (kind == EngineKind.Kvm && model is null)
            Hosts.RequireModel(Model, paravirtual);
        Clock = new VirtualClock(TimeProvider.System, _parker);
        Engine = Create(kind, vcpus);
        Interrupts = new InterruptSystem(_memory, _ports, Clock, new FakeDeviceLog(), Engine.Apics);
        Vcpus = [.. Enumerable.Range(0, vcpus).Select(CreateVcpu)];
        LocalApicDevice[] apics = [.. Interrupts.Devices.OfType<LocalApicDevice>()];
        Buses = [.. Vcpus.Select((vcpu, index) => new GuestBus(_memory, _ports, apics.ElementAtOrDefault(index)) { Stop = vcpu.Kick })];
        BuildTables();
        foreach (IMachineDevice device in Interrupts.Devices)
            device.Reset();
        for (int index = 0; index < vcpus; index++)
            EnterLongMode(index);
        Clock.Start();
    }

    public CpuModel Model { get; }

    /// <summary>Ticks a second of the guest's time-stamp counters.</summary>
    public ulong TscFrequency { get; private set; } = 1_000_000_000;

    public GuestRam Ram { get; } = new(RamLength);

    public VirtualClock Clock { get; }

    public ICpuEngine Engine { get; }

    public InterruptSystem Interrupts { get; }

    public IVcpu[] Vcpus { get; }

    public GuestBus[] Buses { get; }

    public IVcpu Vcpu => Vcpus[0];

    public List<(AccessWidth Width, ulong Value)> Written => Buses[0].Written;

    public static ulong HandlerOf(int vector) => Handlers + ((ulong)vector * HandlerStride);

    public void Assemble(Action<Assembler> body, ulong address = Code)
    {
        var assembler = new Assembler(64);
        body(assembler);
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        Assert.True(Ram.TryWrite(new GuestAddress(address), stream.ToArray()));
    }

    /// <summary>Assembles and runs to the guest's stop.</summary>
    public void Run(Action<Assembler> body)
    {
        Assemble(assembler =>
        {
            body(assembler);
            Stop(assembler);
        });
        Start(0);
        Continue();
    }

    /// <summary>The guest's way to end a run; it goes on behind it.</summary>
    public static void Stop(Assembler assembler) => assembler.@out((byte)GuestBus.StopPort, al);

    /// <summary>Vectors from 0x30; every input open but the cascade's.</summary>
    public static void InitializePic(Assembler assembler)
    {
        foreach ((byte port, int value) in ((byte, int)[])[(0x20, 0x11), (0x21, 0x30), (0x21, 4), (0x21, 1), (0x21, 0), (0xA1, 0xFF)])
        {
            assembler.mov(eax, value);
            assembler.@out((byte)port, al);
        }
    }

    /// <summary>The local APIC of vCPU 0.</summary>
    public LocalApicState SaveApic()
    {
        var writer = new StateWriter();
        Interrupts.Devices.First().Save(writer);
        return LocalApicState.Load("apic", new StateReader("apic", writer.Written.ToArray()));
    }

    public void RestoreApic(LocalApicState state)
    {
        var writer = new StateWriter();
        state.Save(writer);
        Interrupts.Devices.First().Restore(new StateReader("apic", writer.Written.ToArray()));
    }

    public void Start(int index, ulong rip = Code)
    {
        CpuState state = Vcpus[index].Save();
        state.Rip = rip;
        state.Activity = VcpuActivity.Running;
        Vcpus[index].Restore(state);
    }

    /// <summary>Runs a vCPU until the guest stops it.</summary>
    public void Continue(int index = 0)
    {
        bool late = false;
        using var watchdog = new Timer(_ => { late = true; Vcpus[index].Kick(); }, null, 60_000, Timeout.Infinite);
        VcpuExit exit = Vcpus[index].Run(Buses[index]);
        Assert.Equal(new VcpuExit(VcpuExitReason.Kicked), exit);
        Assert.False(late, $"the guest did not stop by itself; RIP is 0x{Vcpus[index].Save().Rip:x}");
    }

    public void Dispose()
    {
        Clock.Stop();
        Engine.Dispose();
        Clock.Dispose();
        Ram.Dispose();
    }

    private ICpuEngine Create(EngineKind kind, int vcpus)
    {
        if (kind == EngineKind.Software)
            return new SoftwareCpuEngine(Ram, new SoftwareEngineOptions { Model = Model, TscFrequency = TscFrequency, VcpuCount = vcpus, Paravirtual = _paravirtual, CodeCacheLength = 16 << 20 });
        KvmDevice device = KvmDevice.Open();
        TscFrequency = device.Probe().TscFrequency;
        return new KvmCpuEngine(Ram, device, new KvmEngineOptions { Model = Model, TscFrequency = TscFrequency, VcpuCount = vcpus, Paravirtual = _paravirtual });
    }

    private IVcpu CreateVcpu(int index)
    {
        IVcpu vcpu = Engine.CreateVcpu(index);
        if (vcpu is IBareVcpu bare)
            bare.Connect(Interrupts.AddProcessor(new LocalApicConfiguration { Id = (byte)index }, bare, bare.TimestampCounter));
        else
            Interrupts.AddProcessor(index);
        return vcpu;
    }

    private void EnterLongMode(int index)
    {
        CpuState state = Vcpus[index].Save();
        const ushort Data64 = 0xC93;
        const ushort Code64 = 0xA9B;
        for (SegmentName name = SegmentName.ES; name <= SegmentName.GS; name++)
            state[name] = new SegmentRegister(0x10, 0, uint.MaxValue, Data64);
        state[SegmentName.CS] = new SegmentRegister(8, 0, uint.MaxValue, Code64);
        state.Gdtr = new DescriptorTable(Gdt, 0x17);
        state.Idtr = new DescriptorTable(Idt, 0xFFF);
        (state.Cr0, state.Cr3, state.Cr4, state.Efer) = (0x8001_0033, Root, 0x620, 0x500);
        state.Registers[4] = Stacks + ((ulong)index * 0x1000) + 0x1000;
        Vcpus[index].Restore(state);
    }

    private void BuildTables()
    {
        const ulong PresentWritable = 3;
        const ulong Large = 1 << 7;
        Write(Root, DirectoryPointers | PresentWritable);
        for (ulong i = 0; i < 4; i++)
            Write(DirectoryPointers + (i * 8), (Directories + (i * 0x1000)) | PresentWritable);
        for (ulong i = 0; i < 2048; i++)
            Write(Directories + (i * 8), (i << 21) | PresentWritable | Large);
        Write(Gdt + 8, 0x00AF_9B00_0000_FFFF);
        Write(Gdt + 16, 0x00CF_9300_0000_FFFF);
        for (int vector = 0; vector < 256; vector++)
            BuildHandler(vector);
    }

    private void BuildHandler(int vector)
    {
        const ulong InterruptGate = 0x8E00UL << 32;
        ulong handler = HandlerOf(vector);
        Write(Idt + ((ulong)vector * 16), (handler & 0xFFFF) | (8UL << 16) | InterruptGate | ((handler >> 16) << 48));
        Assemble(
            assembler =>
            {
                assembler.push(rax);
                assembler.push(rdx);
                assembler.mov(edx, GuestBus.Port);
                assembler.mov(eax, vector);
                assembler.@out(dx, eax);
                assembler.pop(rdx);
                assembler.pop(rax);
                assembler.iretq();
            },
            handler);
    }

    private void Write(ulong address, ulong value) => Assert.True(Ram.TryWrite(new GuestAddress(address), BitConverter.GetBytes(value)));
}
