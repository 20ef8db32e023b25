using Hearth.Devices.Platform;
using Hearth.Devices.Platform.Hpet;
using Hearth.Devices.Platform.IoApic;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Devices.Platform.Pit;
using Hearth.Devices.Platform.Rtc;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform;

/// <summary>Processors, devices and the clock at once: what one thread cannot show, above all the order of locks.</summary>
public sealed class InterruptStressTests
{
    private const int Processors = 4;
    private const int Rounds = 20_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Bus _memory = new("memory", Bus.MemorySpace);
    private readonly Bus _ports = new("port", Bus.PortSpace);
    private readonly FakeDeviceLog _log = new();

    [Fact]
    public void EveryLevelInterrupt_FromFourThreads_IsServedAndNoThreadStalls()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        InterruptSystem system = Build(clock, out LocalApicDevice[] apics);
        for (int pin = 0; pin < Processors; pin++)
            WriteEntry(16 + pin, 0x8000u | (uint)(0x40 + (pin * 16)), (uint)pin << 24);
        clock.Start();
        int[] served = new int[Processors];

        RunOnThreads(i =>
        {
            IInterruptLine line = system.Line(16 + i);
            for (int round = 0; round < Rounds; round++)
            {
                line.Set(true);
                SendInterrupt(apics[i], (uint)((i + 1) % Processors));
                served[i] += Serve(apics[i], 0x40 + (i * 16), line);
            }
        });

        Assert.Equal(Enumerable.Repeat(Rounds, Processors), served);
    }

    [Fact]
    public void TimersAndRegisters_FromManyThreads_DoNotDeadlock()
    {
        using var clock = new VirtualClock(TimeProvider.System);
        InterruptSystem system = Build(clock, out LocalApicDevice[] apics);
        var context = new DeviceContext
        {
            Memory = _memory,
            Ports = _ports,
            Ram = new FakeGuestMemory(0),
            Clock = clock,
            Messages = system.Messages,
            Control = new FakeMachineControl(),
            Log = _log,
            Line = system.Line,
        };
        var pitLine = new GatedLine(system.Line(0));
        var rtcLine = new GatedLine(system.Line(8));
        IMachineDevice[] devices =
        [
            new HpetModule(pitLine, rtcLine).Create(context),
            new PitModule(pitLine).Create(context),
            new RtcModule(rtcLine, default).Create(context),
        ];
        clock.Start();

        RunOnThreads(i => Disturb(apics[i], new Random(i)));
        clock.Stop();
        foreach (IMachineDevice device in devices)
            device.Reset();

        Assert.False(clock.IsRunning);
    }

    private InterruptSystem Build(VirtualClock clock, out LocalApicDevice[] apics)
    {
        var system = new InterruptSystem(_memory, _ports, clock, _log);
        apics = [.. Enumerable.Range(0, Processors).Select(i => system.AddProcessor(
            new LocalApicConfiguration { Id = (byte)i }, new RecordingSignals(), new ClockCounter(clock)))];
        foreach (LocalApicDevice apic in apics)
        {
            apic.Write(0xF0, AccessWidth.Dword, 0x1FF);
            apic.Write(0x350, AccessWidth.Dword, 0x1_0000);
        }

        return system;
    }

    /// <summary>Sends an IPI of a low class, as a processor does while others send to it.</summary>
    private static void SendInterrupt(LocalApicDevice from, uint to)
    {
        from.Write(0x310, AccessWidth.Dword, to << 24);
        from.Write(0x300, AccessWidth.Dword, 0x4021);
    }

    /// <summary>Takes interrupts until the expected one has come and been ended.</summary>
    private static int Serve(LocalApicDevice apic, int expected, IInterruptLine line)
    {
        while (true)
        {
            int vector = apic.Acknowledge();
            if (vector == expected)
                line.Set(false);
            if (vector >= 0)
                apic.Write(0xB0, AccessWidth.Dword, 0);
            if (vector == expected)
                return 1;
            Thread.Yield();
        }
    }

    private void Disturb(LocalApicDevice apic, Random random)
    {
        ushort[] ports = [0x20, 0x21, 0xA0, 0xA1, 0x40, 0x42, 0x43, 0x61, 0x70, 0x71, 0x4D0];
        ulong[] registers = [0xFEC0_0000, 0xFEC0_0010, 0xFEC0_0040, 0xFED0_0010, 0xFED0_0020, 0xFED0_0100, 0xFED0_0108, 0xFED0_00F0];
        for (int round = 0; round < Rounds; round++)
        {
            _ports.Write(ports[random.Next(ports.Length)], AccessWidth.Byte, (ulong)random.Next(256));
            _ports.Read(ports[random.Next(ports.Length)], AccessWidth.Byte);
            _memory.Write(registers[random.Next(registers.Length)], AccessWidth.Dword, (ulong)random.Next());
            _memory.Read(registers[random.Next(registers.Length)], AccessWidth.Dword);
            apic.Write((ulong)random.Next(0x40) * 16, AccessWidth.Dword, (ulong)random.Next(0x4_0000));
            apic.Acknowledge();
        }
    }

    private void WriteEntry(int pin, uint low, uint high)
    {
        _memory.Write(IoApicDevice.Address, AccessWidth.Dword, (ulong)(0x11 + (pin * 2)));
        _memory.Write(IoApicDevice.Address + 0x10, AccessWidth.Dword, high);
        _memory.Write(IoApicDevice.Address, AccessWidth.Dword, (ulong)(0x10 + (pin * 2)));
        _memory.Write(IoApicDevice.Address + 0x10, AccessWidth.Dword, low);
    }

    private static void RunOnThreads(Action<int> work)
    {
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, Processors).Select(i => new Thread(() =>
        {
            Exception? thrown = Record.Exception(() => work(i));
            if (thrown is not null)
                failure = thrown;
        })
        { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();

        Assert.All(threads, thread => Assert.True(thread.Join(s_patience), "a thread stalls"));
        Assert.Null(failure);
    }
}
