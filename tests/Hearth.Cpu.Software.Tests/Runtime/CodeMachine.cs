using Hearth.Machine;
using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>
/// 64-bit guests of the software engine: 16 MiB of RAM mapped to themselves by 4 KiB pages, a page of device registers, and an
/// IDT whose handlers stop. Code stops by writing to <see cref="TestBus.StopPort"/>.
/// </summary>
internal sealed unsafe class CodeMachine : IDisposable
{
    public const ulong Code = 0x1_0000;
    public const ulong Data = 0x20_0000;
    public const ulong Device = 0x100_0000;
    public const ulong DevicePhysical = 0xD000_0000;
    public const ulong Present = 1;
    public const ulong Writable = 2;
    public const ulong Global = 0x100;
    public const ulong RamLength = 16 << 20;

    public const ulong Root = 0x1000;
    private const ulong Directory = 0x3000;
    private const ulong Tables = 0x4000;
    private const ulong Gdt = 0xD000;
    private const ulong Tss = 0xD800;
    private const ulong Idt = 0xE000;
    private const ulong Handlers = 0xF000;
    private const ulong Stacks = 0x30_0000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SoftwareVcpu[] _vcpus;

    public CodeMachine(int vcpus = 1, long cache = 16 << 20, DirectTierMode direct = DirectTierMode.Never, string? translations = null, int deviceMemory = 0)
    {
        Ram = new GuestRam(RamLength, deviceMemory);
        Engine = new SoftwareCpuEngine(Ram, Options(vcpus, cache) with { DirectTier = direct, TranslationDirectory = translations });
        _vcpus = [.. Enumerable.Range(0, vcpus).Select(index => (SoftwareVcpu)Engine.CreateVcpu(index))];
        Buses = [.. _vcpus.Select(vcpu => new TestBus(vcpu))];
        Apics = [.. _vcpus.Select(vcpu => new TestApic(vcpu))];
        BuildTables();
        for (int index = 0; index < vcpus; index++)
        {
            _vcpus[index].Connect(Apics[index]);
            EnterLongMode(index);
        }
    }

    public GuestRam Ram { get; }

    public SoftwareCpuEngine Engine { get; }

    public TestBus[] Buses { get; }

    public TestApic[] Apics { get; }

    public TestBus Bus => Buses[0];

    public TestApic Apic => Apics[0];

    public SoftwareVcpu Vcpu => _vcpus[0];

    public VcpuState* State => Vcpu.State;

    public SoftwareVcpu this[int index] => _vcpus[index];

    public static SoftwareEngineOptions Options(int vcpus, long cache) =>
        new() { Model = CpuModel.X64Version3Of2021, TscFrequency = 1_000_000_000, VcpuCount = vcpus, CodeCacheLength = cache };

    public static ulong StackOf(int index) => Stacks + ((ulong)index * 0x1_0000);

    public static ulong HandlerOf(int vector) => Handlers + ((ulong)vector * 16);

    /// <summary>The page-table entry of a linear address below 18 MiB.</summary>
    public ref ulong Entry(ulong linear) => ref At<ulong>(Tables + ((linear >> 12) * 8));

    public void Map(ulong linear, ulong physical, ulong flags = Present | Writable) => Entry(linear) = physical | flags;

    /// <summary>Guest RAM by its physical address, past every notice of the engine.</summary>
    public ref T At<T>(ulong physical)
        where T : unmanaged => ref *(T*)Ram.HostAddress(physical);

    /// <summary>Writes code as a device would; <paramref name="linear"/> is where it will run.</summary>
    public void Assemble(ulong physical, Action<Assembler> body, ulong? linear = null) =>
        Assert.True(Ram.TryWrite(new GuestAddress(physical), Bytes(linear ?? physical, body)));

    public static byte[] Bytes(ulong linear, Action<Assembler> body)
    {
        var assembler = new Assembler(64);
        body(assembler);
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), linear);
        return stream.ToArray();
    }

    /// <summary>Assembles at <see cref="Code"/> and runs to the stop.</summary>
    public void Run(Action<Assembler> body)
    {
        Assemble(Code, body);
        Run();
    }

    public void Run(ulong rip = Code, int index = 0)
    {
        _vcpus[index].State->Rip = rip;
        Continue(index);
    }

    public void Continue(int index = 0)
    {
        bool late = false;
        using var watchdog = new Timer(_ => { late = true; _vcpus[index].Kick(); }, null, 60_000, Timeout.Infinite);
        VcpuExit exit = _vcpus[index].Run(Buses[index]);
        Assert.Equal(new VcpuExit(VcpuExitReason.Kicked), exit);
        Assert.False(late, $"the guest did not stop by itself; RIP is 0x{_vcpus[index].State->Rip:x}");
    }

    /// <summary>Runs every vCPU on a thread of its own, each from its own address, to their stops.</summary>
    public void RunAll(Func<int, ulong> start)
    {
        var failures = new Exception?[_vcpus.Length];
        Thread[] threads = [.. Enumerable.Range(0, _vcpus.Length).Select(index => new Thread(() =>
            failures[index] = Record.Exception(() => Run(start(index), index))) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        bool ended = threads.All(thread => thread.Join(s_patience));
        if (!ended)
        {
            // They use memory that goes with this object.
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.Kick();
            foreach (Thread thread in threads)
                thread.Join(s_patience);
        }

        Assert.True(ended, "the vCPUs wait for each other");
        Assert.All(failures, Assert.Null);
    }

    /// <summary>Asserts that the handler of a vector stopped the guest, and gives the frame it was entered with.</summary>
    public ExceptionFrame Caught(int vector, int index = 0)
    {
        VcpuState* state = _vcpus[index].State;
        Assert.Equal(HandlerOf(vector) + 2, state->Rip);
        return new ExceptionFrame(Ram, state->Gpr[4], vector is 8 or (>= 10 and <= 14) or 17);
    }

    public void Dispose()
    {
        Engine.Dispose();
        Ram.Dispose();
    }

    private void BuildTables()
    {
        At<ulong>(Root) = 0x2000 | Present | Writable;
        At<ulong>(0x2000) = Directory | Present | Writable;
        for (ulong table = 0; table < 9; table++)
            At<ulong>(Directory + (table * 8)) = (Tables + (table << 12)) | Present | Writable;
        for (ulong page = 0; page < RamLength; page += 4096)
            Map(page, page);
        Map(Device, DevicePhysical);
        At<ulong>(Gdt + 8) = 0x00AF_9B00_0000_FFFF;
        At<ulong>(Gdt + 16) = 0x00CF_9300_0000_FFFF;
        for (int vector = 0; vector < 256; vector++)
            SetHandler(vector, HandlerOf(vector));
        byte[] stop = Bytes(0, a => a.@out(TestBus.StopPort, Iced.Intel.AssemblerRegisters.al));
        for (int vector = 0; vector < 256; vector++)
            Assert.True(Ram.TryWrite(new GuestAddress(HandlerOf(vector)), stop));
    }

    /// <summary>Points an interrupt gate of the IDT somewhere below 64 KiB or above.</summary>
    public void SetHandler(int vector, ulong address)
    {
        At<ulong>(Idt + ((ulong)vector * 16)) = (address & 0xFFFF) | (8UL << 16) | (0x8EUL << 40) | ((address & 0xFFFF_0000) << 32);
        At<ulong>(Idt + ((ulong)vector * 16) + 8) = 0;
    }

    /// <summary>Makes a vector's handler run on a stack of its own, by the interrupt stack table.</summary>
    public void UseInterruptStack(int vector)
    {
        At<ulong>(Tss + 0x24) = Stacks - 0x1000;
        At<ulong>(Idt + ((ulong)vector * 16)) |= 1UL << 32;
    }

    private void EnterLongMode(int index)
    {
        VcpuState* state = _vcpus[index].State;
        (state->Cr0, state->Cr3, state->Cr4, state->Efer, state->Xcr0) = (0x8001_0031, Root, 0x406A0, 0xD00, 7);
        (state->GdtrBase, state->GdtrLimit, state->IdtrBase, state->IdtrLimit) = (Gdt, 0x17, Idt, 0xFFF);
        for (SegmentName name = SegmentName.ES; name <= SegmentName.GS; name++)
            Segments.Set(state, name, new SegmentRegister(0x10, 0, uint.MaxValue, 0xC93));
        Segments.Set(state, SegmentName.CS, new SegmentRegister(8, 0, uint.MaxValue, 0xA9B));
        Segments.Set(state, SegmentName.Tr, new SegmentRegister(0x18, Tss, 0x67, 0x8B));
        state->Gpr[4] = StackOf(index);
        state->Activity = (byte)VcpuActivity.Running;
        ModeState.Update(state);
    }
}
