using Hearth.Devices.Platform.Hpet;
using Hearth.Devices.Platform.IoApic;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Devices.Platform.Pit;
using Hearth.Devices.Tests.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform;

/// <summary>PIT and HPET with the real interrupt controllers, and a processor that takes interrupts late.</summary>
public sealed class TimerTicksTests
{
    private const uint Masked = 1 << 16;
    private const int TimerVector = 0x42;
    private const int PicVector = 0x20;
    private const int TimerPin = 2;

    // 1 ms, a little more than 1193 ticks of the PIT.
    private const long Period = 1_000_000;

    private readonly ApicMachine _machine;
    private readonly IMachineDevice[] _devices;

    public TimerTicksTests() => (_machine, _devices) = Build();

    private LocalApicDevice Apic => _machine.Apics[0];

    [Theory]
    [InlineData(nameof(StartPit), TimerVector)]
    [InlineData(nameof(StartPit), PicVector)]
    [InlineData(nameof(StartHpet), TimerVector)]
    [InlineData(nameof(StartHpet), PicVector)]
    public void Ticks_OfAProcessorThatSleeps_AllArriveWhenItWakes(string timer, int vector)
    {
        Route(_machine, vector);
        Start(timer);
        _machine.Machine.Clock.Advance(50 * Period);

        int taken = TakeAll(_machine, vector);

        Assert.Equal(50, taken);
    }

    [Theory]
    [InlineData(nameof(StartPit), TimerVector)]
    [InlineData(nameof(StartPit), PicVector)]
    [InlineData(nameof(StartHpet), TimerVector)]
    [InlineData(nameof(StartHpet), PicVector)]
    public void Ticks_OfAClockThatIsLate_AllArrive(string timer, int vector)
    {
        Route(_machine, vector);
        Start(timer);
        _machine.Machine.Clock.Set(50 * Period);
        _machine.Machine.Clock.Advance(0);

        int taken = TakeAll(_machine, vector);
        _machine.Machine.Clock.Advance(Period);
        int later = TakeAll(_machine, vector);

        Assert.Equal([50, 1], [taken, later]);
    }

    [Theory]
    [InlineData(nameof(StartPit), TimerVector)]
    [InlineData(nameof(StartPit), PicVector)]
    [InlineData(nameof(StartHpet), TimerVector)]
    public void Ticks_OfAProcessorThatSleepsLong_AreThoseOfHalfASecond(string timer, int vector)
    {
        Route(_machine, vector);
        Start(timer);
        _machine.Machine.Clock.Advance(10_000 * Period);

        int taken = TakeAll(_machine, vector);

        Assert.InRange(taken, 499, 502);
    }

    [Theory]
    [InlineData(nameof(StartPit))]
    [InlineData(nameof(StartHpet))]
    public void Ticks_OnAMaskedPin_AreLost(string timer)
    {
        WriteEntry(_machine, Masked | TimerVector);
        MaskPic(_machine, 0xFF);
        Start(timer);
        _machine.Machine.Clock.Advance(50 * Period);

        WriteEntry(_machine, TimerVector);

        Assert.Equal(0, TakeAll(_machine, TimerVector));
    }

    [Fact]
    public void Ticks_OnAMaskedPicInput_AreOne()
    {
        Route(_machine, PicVector);
        MaskPic(_machine, 0xFF);
        StartPit();
        _machine.Machine.Clock.Advance(50 * Period);

        MaskPic(_machine, 0xFE);

        Assert.Equal(1, TakeAll(_machine, PicVector));
    }

    [Theory]
    [InlineData(TimerVector)]
    [InlineData(PicVector)]
    public void Debt_OfAPinThatIsMaskedForLong_IsForgotten(int vector)
    {
        Route(_machine, vector);
        StartPit();
        _machine.Machine.Clock.Advance(50 * Period);
        WriteEntry(_machine, Masked | TimerVector);
        MaskPic(_machine, 0xFF);
        _machine.Machine.Clock.Advance(50 * Period);

        Route(_machine, vector);

        Assert.Equal(1, TakeAll(_machine, vector));
    }

    /// <summary>As Linux does on the PIC: mask, EOI, handle, unmask.</summary>
    [Fact]
    public void Debt_OfAnInputThatIsMaskedByItsHandler_IsPaid()
    {
        Route(_machine, PicVector);
        StartPit();
        _machine.Machine.Clock.Advance(50 * Period);
        int taken = 0;

        while (Apic.Acknowledge() == PicVector)
        {
            taken++;
            MaskPic(_machine, 0xFF);
            _machine.Machine.Out(0x20, 0x20);
            MaskPic(_machine, 0xFE);
        }

        Assert.Equal(50, taken);
    }

    [Theory]
    [InlineData(nameof(StartPit))]
    [InlineData(nameof(StartHpet))]
    public void Debt_OfATimerThatIsSetAnew_IsForgotten(string timer)
    {
        Route(_machine, TimerVector);
        Start(timer);
        _machine.Machine.Clock.Advance(50 * Period);

        Start(timer);

        Assert.Equal(1, TakeAll(_machine, TimerVector));
    }

    [Fact]
    public void Debt_OfThePit_EndsWhenTheHpetReplacesIt()
    {
        Route(_machine, TimerVector);
        StartPit();
        _machine.Machine.Clock.Advance(50 * Period);

        StartHpet();

        Assert.Equal(1, TakeAll(_machine, TimerVector));
    }

    [Fact]
    public void Debt_OfTheHpet_OutlivesWritesToThePitThatItReplaces()
    {
        Route(_machine, TimerVector);
        StartHpet();
        _machine.Machine.Clock.Advance(50 * Period);

        StartPit();

        Assert.Equal(50, TakeAll(_machine, TimerVector));
    }

    [Theory]
    [InlineData(nameof(StartPit), TimerVector)]
    [InlineData(nameof(StartPit), PicVector)]
    [InlineData(nameof(StartHpet), TimerVector)]
    public void Debt_IsSavedAndRestored(string timer, int vector)
    {
        Route(_machine, vector);
        Start(timer);
        _machine.Machine.Clock.Advance(50 * Period);
        MachineState state = MachineState.Capture([.. _machine.System.Devices, .. _devices]);
        (ApicMachine other, IMachineDevice[] devices) = Build();
        other.Machine.Clock.Set(_machine.Machine.Clock.Now);

        state.Apply([.. other.System.Devices, .. devices]);

        Assert.Equal(50, TakeAll(other, vector));
    }

    [Fact]
    public void Ticks_WhileAnotherSourceHoldsTheWire_AreLost()
    {
        Route(_machine, TimerVector);
        _machine.System.Line(0).Set(true);
        int level = TakeAll(_machine, TimerVector);
        StartPit();

        _machine.Machine.Clock.Advance(50 * Period);

        Assert.Equal([1, 0], [level, TakeAll(_machine, TimerVector)]);
    }

    [Fact]
    public void Ticks_WithNobodyToTakeThem_BuildNoDebt()
    {
        Route(_machine, TimerVector);
        ApicMachine.Write(Apic, ApicMachine.SpuriousVector, 0xFF);
        StartPit();
        _machine.Machine.Clock.Advance(50 * Period);

        ApicMachine.Write(Apic, ApicMachine.SpuriousVector, 0x1FF);
        _machine.Machine.Clock.Advance(Period);

        Assert.Equal(1, TakeAll(_machine, TimerVector));
    }

    [Fact]
    public void Ticks_OwedAndPaid_AllocateNothing()
    {
        Route(_machine, TimerVector);
        IEdgeLine line = _machine.System.Line(0);

        long allocated = Allocations.Of(() =>
        {
            line.Pulse(1000, 1000);
            TakeAll(_machine, TimerVector);
        });

        Assert.Equal(0, allocated);
    }

    private static (ApicMachine Machine, IMachineDevice[] Devices) Build()
    {
        ApicMachine machine = new ApicMachine(1).Enabled();
        InitializePic(machine);
        DeviceContext inner = machine.Machine.Context;
        var context = new DeviceContext
        {
            Memory = inner.Memory,
            Ports = inner.Ports,
            Ram = inner.Ram,
            Clock = inner.Clock,
            Messages = machine.System.Messages,
            Control = inner.Control,
            Log = inner.Log,
            Line = machine.System.Line,
        };
        var pit = new GatedLine(machine.System.Line(0));
        var rtc = new GatedLine(machine.System.Line(8));
        return (machine, [new HpetModule(pit, rtc).Create(context), new PitModule(pit).Create(context)]);
    }

    private void Start(string timer)
    {
        Action start = timer == nameof(StartPit) ? StartPit : StartHpet;
        start();
    }

    private void StartPit()
    {
        _machine.Machine.Out(0x43, 0x34);
        _machine.Machine.Out(0x40, 1193 & 0xFF);
        _machine.Machine.Out(0x40, 1193 >> 8);
    }

    private void StartHpet()
    {
        _machine.Machine.WriteQword(HpetDevice.Address + 0x10, 0);
        _machine.Machine.WriteQword(HpetDevice.Address + 0xF0, 0);
        _machine.Machine.WriteQword(HpetDevice.Address + 0x100, 0x4C);
        _machine.Machine.WriteQword(HpetDevice.Address + 0x108, Period / 10);
        _machine.Machine.WriteQword(HpetDevice.Address + 0x10, 3);
    }

    /// <summary>Opens the way to a vector, by the IOAPIC or by the PIC, and closes the other.</summary>
    private static void Route(ApicMachine machine, int vector)
    {
        bool byPic = vector == PicVector;
        WriteEntry(machine, byPic ? Masked : TimerVector);
        MaskPic(machine, byPic ? (byte)0xFE : (byte)0xFF);
    }

    private static void InitializePic(ApicMachine machine)
    {
        machine.Machine.Out(0x20, 0x11);
        foreach (byte word in (ReadOnlySpan<byte>)[PicVector, 0x04, 0x01])
            machine.Machine.Out(0x21, word);
    }

    private static void MaskPic(ApicMachine machine, byte mask) => machine.Machine.Out(0x21, mask);

    private static void WriteEntry(ApicMachine machine, uint low)
    {
        machine.Machine.WriteDword(IoApicDevice.Address, 0x10 + (TimerPin * 2));
        machine.Machine.WriteDword(IoApicDevice.Address + 0x10, low);
    }

    /// <summary>Serves interrupts until there are no more, as a processor that gets to run at last.</summary>
    private static int TakeAll(ApicMachine machine, int vector)
    {
        LocalApicDevice apic = machine.Apics[0];
        int taken = 0;
        while (apic.HasInterrupt)
        {
            taken += apic.Acknowledge() == vector ? 1 : 0;
            if (vector == PicVector)
                machine.Machine.Out(0x20, 0x20);
            else
                ApicMachine.Write(apic, 0xB0, 0);
        }

        return taken;
    }
}
