using Hearth.Devices.Platform;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.LocalApic;

/// <summary>Processors with local APICs, an IOAPIC and a PIC pair, as a guest would find them.</summary>
internal sealed class ApicMachine
{
    public const uint SpuriousVector = 0x0F0;
    public const uint CommandLow = 0x300;
    public const uint CommandHigh = 0x310;

    public ApicMachine(int processors, bool hasX2Apic = true, bool hasTscDeadline = true)
    {
        System = new InterruptSystem(Machine.Memory, Machine.Ports, Machine.Clock, Machine.Log);
        Counter = new ClockCounter(Machine.Clock);
        Signals = [.. Enumerable.Range(0, processors).Select(_ => new RecordingSignals())];
        Apics = [.. Enumerable.Range(0, processors).Select(i => System.AddProcessor(
            new LocalApicConfiguration { Id = (byte)i, HasX2Apic = hasX2Apic, HasTscDeadline = hasTscDeadline }, Signals[i], Counter))];
        foreach (IMachineDevice device in System.Devices)
            device.Reset();
    }

    public TestMachine Machine { get; } = new();

    public InterruptSystem System { get; }

    public ClockCounter Counter { get; }

    public LocalApicDevice[] Apics { get; }

    public RecordingSignals[] Signals { get; }

    /// <summary>Switches every APIC on by its spurious-vector register.</summary>
    public ApicMachine Enabled()
    {
        foreach (LocalApicDevice apic in Apics)
            Write(apic, SpuriousVector, 0x1FF);
        return this;
    }

    /// <summary>Puts every APIC into x2APIC mode.</summary>
    public ApicMachine InX2ApicMode()
    {
        foreach (LocalApicDevice apic in Apics)
            Assert.True(apic.TryWriteMsr(0x1B, apic.ApicBase | 0x400));
        return this;
    }

    public static uint Read(LocalApicDevice apic, uint register) => (uint)apic.Read(register, AccessWidth.Dword);

    public static void Write(LocalApicDevice apic, uint register, uint value) => apic.Write(register, AccessWidth.Dword, value);

    public void SendIpi(int from, uint high, uint low)
    {
        Write(Apics[from], CommandHigh, high);
        Write(Apics[from], CommandLow, low);
    }
}
