using Hearth.Devices.Platform.IoApic;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Devices.Tests.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.IoApic;

public sealed class IoApicDeviceTests
{
    private const uint Level = 1 << 15;
    private const uint Masked = 1 << 16;
    private const uint RemoteIrr = 1 << 14;

    private readonly ApicMachine _machine = new ApicMachine(2).Enabled();

    public IoApicDeviceTests()
    {
        // The PIC sees the ISA wires, too; LINT0 is masked so that only the IOAPIC delivers.
        ApicMachine.Write(Apic, 0x350, Masked);
    }

    private LocalApicDevice Apic => _machine.Apics[0];

    [Fact]
    public void Identification_IsThatOfA24PinVersion20()
    {
        WriteIndexed(0, 0xFF00_0000);

        Assert.Equal(0x0F00_0000u, ReadIndexed(0));
        Assert.Equal(0x0017_0020u, ReadIndexed(1));
    }

    [Fact]
    public void Entries_AtPowerOn_AreMasked()
    {
        Assert.All(Enumerable.Range(0, 24), pin => Assert.Equal(Masked, ReadIndexed(0x10 + (pin * 2))));
    }

    [Fact]
    public void Edge_IsDeliveredOnceForEachRise()
    {
        WriteEntry(4, 0x44);
        IInterruptLine line = _machine.System.Line(4);

        line.Set(true);
        int first = Take();
        line.Set(true);
        int second = Take();
        line.Set(false);
        line.Set(true);
        int third = Take();

        Assert.Equal([0x44, -1, 0x44], [first, second, third]);
    }

    [Fact]
    public void Edge_OnMaskedPin_IsLost()
    {
        WriteEntry(4, Masked | 0x44);
        _machine.System.Line(4).Set(true);

        WriteEntry(4, 0x44);

        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void Level_OnMaskedPin_WaitsForUnmasking()
    {
        WriteEntry(16, Masked | Level | 0x44);
        _machine.System.Line(16).Set(true);

        WriteEntry(16, Level | 0x44);

        Assert.True(Apic.HasInterrupt);
    }

    [Fact]
    public void Level_StillAssertedAtEoi_IsDeliveredAgain()
    {
        WriteEntry(16, Level | 0x44);
        _machine.System.Line(16).Set(true);
        uint pending = ReadIndexed(0x10 + 32);
        int first = Take();
        int second = Take();

        Assert.Equal(Level | RemoteIrr | 0x44, pending);
        Assert.Equal([0x44, 0x44], [first, second]);
    }

    [Fact]
    public void Level_ReleasedBeforeEoi_IsNotDeliveredAgain()
    {
        WriteEntry(16, Level | 0x44);
        IInterruptLine line = _machine.System.Line(16);
        line.Set(true);
        Apic.Acknowledge();
        line.Set(false);

        ApicMachine.Write(Apic, 0xB0, 0);

        Assert.False(Apic.HasInterrupt);
        Assert.Equal(Level | 0x44, ReadIndexed(0x10 + 32));
    }

    [Fact]
    public void Level_NotYetEnded_IsNotDeliveredTwice()
    {
        WriteEntry(16, Level | 0x44);
        IInterruptLine line = _machine.System.Line(16);
        line.Set(true);
        Apic.Acknowledge();
        line.Set(false);
        line.Set(true);

        Assert.Equal(0u, ApicMachine.Read(Apic, 0x200 + 0x20));
    }

    [Fact]
    public void Level_SharedByTwoDevices_StaysWhileEitherAsserts()
    {
        WriteEntry(16, Level | 0x44);
        IInterruptLine first = _machine.System.Line(16);
        IInterruptLine second = _machine.System.Line(16);
        first.Set(true);
        second.Set(true);
        first.Set(false);

        int one = Take();
        second.Set(false);
        int two = Take();
        int three = Take();

        Assert.Equal([0x44, 0x44, -1], [one, two, three]);
    }

    [Fact]
    public void EoiRegister_EndsTheVector()
    {
        WriteEntry(16, Level | 0x44);
        IInterruptLine line = _machine.System.Line(16);
        line.Set(true);
        line.Set(false);

        _machine.Machine.WriteDword(IoApicDevice.Address + 0x40, 0x44);

        Assert.Equal(Level | 0x44, ReadIndexed(0x10 + 32));
    }

    [Fact]
    public void RemoteIrr_IsForgottenWhenThePinIsMadeEdge()
    {
        WriteEntry(16, Level | 0x44);
        _machine.System.Line(16).Set(true);

        WriteEntry(16, Masked | 0x44);
        WriteEntry(16, Masked | Level | 0x44);

        Assert.Equal(Masked | Level | 0x44, ReadIndexed(0x10 + 32));
    }

    [Fact]
    public void RemoteIrr_WithNobodyToTakeTheMessage_IsNotSet()
    {
        WriteEntry(16, Level | 0x44, 0x0900_0000);

        _machine.System.Line(16).Set(true);

        Assert.Equal(Level | 0x44, ReadIndexed(0x10 + 32));
    }

    [Fact]
    public void Destination_Physical_ChoosesTheProcessor()
    {
        WriteEntry(4, 0x44, 0x0100_0000);

        _machine.System.Line(4).Set(true);

        Assert.False(_machine.Apics[0].HasInterrupt);
        Assert.True(_machine.Apics[1].HasInterrupt);
    }

    [Fact]
    public void Destination_Logical_ChoosesByMask()
    {
        ApicMachine.Write(_machine.Apics[0], 0xD0, 1u << 24);
        ApicMachine.Write(_machine.Apics[1], 0xD0, 2u << 24);
        WriteEntry(4, 0x844, 0x0200_0000);

        _machine.System.Line(4).Set(true);

        Assert.Equal([false, true], _machine.Apics.Select(apic => apic.HasInterrupt));
    }

    [Fact]
    public void IsaTimer_ArrivesOnPinTwo()
    {
        WriteEntry(0, 0x40);
        WriteEntry(2, 0x42);

        _machine.System.Line(0).Set(true);

        Assert.Equal(0x42, Take());
        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void Nmi_IsDelivered()
    {
        WriteEntry(4, 0x400);

        _machine.System.Line(4).Set(true);

        Assert.Equal(1, _machine.Signals[0].NonMaskableInterrupts);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(24)]
    public void Line_OutsideTheRange_IsRefused(int gsi)
    {
        Assert.Throws<MachineException>(() => _machine.System.Line(gsi));
    }

    [Fact]
    public void Restore_WithAssertedLine_RaisesNoNewEdge()
    {
        WriteEntry(4, 0x44);
        IInterruptLine line = _machine.System.Line(4);
        line.Set(true);
        Take();
        var state = MachineState.Capture(_machine.System.Devices);
        var other = new ApicMachine(2);

        state.Apply(other.System.Devices);
        other.System.Line(4).Set(true);

        Assert.False(other.Apics[0].HasInterrupt);
    }

    [Fact]
    public void LevelInterrupts_FromWireToEoi_AllocateNothing()
    {
        WriteEntry(16, Level | 0x44);
        IInterruptLine line = _machine.System.Line(16);

        long allocated = Allocations.Of(() => Cycle(line, 1000));

        Assert.Equal(0, allocated);
    }

    private void Cycle(IInterruptLine line, int count)
    {
        for (int i = 0; i < count; i++)
        {
            line.Set(true);
            Apic.Acknowledge();
            line.Set(false);
            ApicMachine.Write(Apic, 0xB0, 0);
        }
    }

    private int Take()
    {
        int vector = Apic.Acknowledge();
        ApicMachine.Write(Apic, 0xB0, 0);
        return vector;
    }

    private void WriteEntry(int pin, uint low, uint high = 0)
    {
        WriteIndexed(0x11 + (pin * 2), high);
        WriteIndexed(0x10 + (pin * 2), low);
    }

    private uint ReadIndexed(int index)
    {
        _machine.Machine.WriteDword(IoApicDevice.Address, (uint)index);
        return _machine.Machine.ReadDword(IoApicDevice.Address + 0x10);
    }

    private void WriteIndexed(int index, uint value)
    {
        _machine.Machine.WriteDword(IoApicDevice.Address, (uint)index);
        _machine.Machine.WriteDword(IoApicDevice.Address + 0x10, value);
    }
}
