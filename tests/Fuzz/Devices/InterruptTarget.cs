using Hearth.Devices.Platform;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>The interrupt hardware together: the PIC pair, the I/O APIC, two local APICs, wires and messages.</summary>
internal sealed class InterruptTarget : BoardTarget
{
    private const ulong Page = 0xFEE0_0000;

    private readonly InterruptSystem _system;
    private readonly LocalApicDevice[] _apics;
    private readonly IEdgeLine[] _lines;

    public InterruptTarget()
        : this(new Wiring())
    {
    }

    private InterruptTarget(Wiring wiring)
        : base(wiring.Create)
    {
        _system = wiring.System;
        _apics = wiring.Apics;
        _lines = [.. Enumerable.Range(0, InterruptRouter.GsiCount).Select(_system.Line)];
    }

    protected override void ActAsDriver(Random random)
    {
        LocalApicDevice apic = _apics[random.Next(_apics.Length)];
        switch (random.Next(6))
        {
            case 0:
                uint msr = random.Next(10) == 0 ? 0x1B : 0x800 + (uint)random.Next(0x40);
                apic.TryWriteMsr(msr, msr == 0x1B ? Page | ((ulong)random.Next(16) << 8) : Hostile.Value(random));
                apic.TryReadMsr(msr, out _);
                break;
            case 1:
                // An entry of the I/O APIC.
                Machine.WriteDword(0xFEC0_0000, (uint)random.Next(0x10, 0x40));
                Machine.WriteDword(0xFEC0_0010, (uint)random.Next(1 << 17));
                break;
            case 2:
                apic.Write(0xB0, AccessWidth.Dword, 0);
                break;
            case 3:
                apic.Write((ulong)random.Next(0x40) << 4, AccessWidth.Dword, random.Next(2) == 0 ? (ulong)random.Next(0x2_0000) : Hostile.Value(random));
                break;
            case 4:
                apic.TaskPriorityClass = (uint)random.Next(16);
                break;
            default:
                apic.Acknowledge();
                break;
        }
    }

    protected override void ActFromOutside(Random random)
    {
        IEdgeLine line = _lines[random.Next(_lines.Length)];
        switch (random.Next(6))
        {
            case 0:
                _system.Messages.Send(random.Next(8) == 0 ? Hostile.Value(random) : Page | ((ulong)random.Next(4) << 12) | ((ulong)random.Next(4) << 2), (uint)random.Next(1 << 16));
                break;
            case 1:
                line.Pulse(random.Next(1, 100), random.Next(1, 65536));
                break;
            case 2:
                line.Cancel();
                break;
            default:
                line.Set(random.Next(2) == 0);
                break;
        }

        base.ActFromOutside(random);
    }

    /// <summary>What is made before the target is.</summary>
    private sealed class Wiring
    {
        public InterruptSystem System { get; private set; } = null!;

        public LocalApicDevice[] Apics { get; } = new LocalApicDevice[2];

        public IMachineDevice[] Create(TestMachine machine)
        {
            System = new InterruptSystem(machine.Memory, machine.Ports, machine.Clock, machine.Log);
            for (byte id = 0; id < Apics.Length; id++)
                Apics[id] = System.AddProcessor(new LocalApicConfiguration { Id = id }, new RecordingSignals(), new ClockCounter(machine.Clock));
            machine.Memory.Map(new AddressRange(Page, LocalApicDevice.PageLength), Apics[0]);
            return [.. System.Devices];
        }
    }
}
