using Hearth.Devices.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

public class PciBusTests
{
    private readonly PciRig _rig = new();
    private readonly TestFunction _function;

    public PciBusTests()
    {
        _function = new TestFunction(_rig.Machine.Context);
        _rig.Bus.Add(_function, 3);
        _function.Reset();
    }

    [Theory]
    [InlineData(0x00, AccessWidth.Dword, 0x5678_1234)]
    [InlineData(0x00, AccessWidth.Word, 0x1234)]
    [InlineData(0x02, AccessWidth.Word, 0x5678)]
    [InlineData(0x01, AccessWidth.Byte, 0x12)]
    [InlineData(0x08, AccessWidth.Dword, 0x0A0B_0C09)]
    [InlineData(0x2C, AccessWidth.Dword, 0x0022_0011)]
    [InlineData(0x3D, AccessWidth.Byte, 1)]
    public void Header_Read_HasIdentity(int register, AccessWidth width, uint expected)
    {
        Assert.Equal(expected, _rig.Read(3, 0, register, width));
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(3, 1)]
    public void AbsentFunction_Read_IsAllOnes(int slot, int function)
    {
        Assert.Equal(0xFFFF_FFFF, _rig.Read(slot, function, 0));
    }

    [Theory]
    [InlineData(0x0000_1800U)]
    [InlineData(0x8001_1800U)]
    public void Data_WithEnableClearOrOtherBus_IsAllOnes(uint address)
    {
        _rig.Machine.OutDword(0xCF8, address);

        Assert.Equal(0xFFFF_FFFF, _rig.Machine.InDword(0xCFC));
    }

    [Fact]
    public void Address_WrittenByByte_StaysAndResetControlTakesIt()
    {
        var control = new TestFunction(new TestMachine().Context);
        var rig = new PciRig(control);
        rig.Machine.OutDword(0xCF8, 0x8000_1800);

        rig.Machine.Out(0xCF9, 6);

        Assert.Equal(0x8000_1800, rig.Machine.InDword(0xCF8));
        Assert.Equal(6UL, control.LastWrite);
        Assert.Equal(0, rig.Machine.In(0xCF9));
    }

    [Fact]
    public void ReadOnlyRegister_Written_Stays()
    {
        _rig.Write(3, 0, 0, 0xFFFF_FFFF);

        Assert.Equal(0x5678_1234U, _rig.Read(3, 0, 0));
    }

    [Fact]
    public void Capabilities_AreLinked()
    {
        uint first = _rig.Read(3, 0, 0x34, AccessWidth.Byte);
        uint header = _rig.Read(3, 0, (int)first);
        uint second = (header >> 8) & 0xFF;

        Assert.Equal(0x10U, _rig.Read(3, 0, 6, AccessWidth.Word));
        Assert.Equal(0xAA04_4409, header);
        Assert.Equal(0x0201_0005U, _rig.Read(3, 0, (int)second));
    }

    [Fact]
    public void Add_ToTakenPlace_Throws()
    {
        Assert.Throws<MachineException>(() => _rig.Bus.Add(new TestFunction(_rig.Machine.Context), 3));
    }

    [Fact]
    public void Add_OfSecondFunction_MakesFirstMultifunction()
    {
        _rig.Bus.Add(new TestFunction(_rig.Machine.Context), 3, 2);
        _function.Reset();

        Assert.Equal(0x80U, _rig.Read(3, 0, 0x0E, AccessWidth.Byte));
    }

    [Theory]
    [InlineData(0, 1, 16)]
    [InlineData(3, 1, 19)]
    [InlineData(3, 2, 16)]
    [InlineData(5, 4, 16)]
    [InlineData(31, 3, 17)]
    public void Interrupt_OfSlotAndPin_ReachesGsi(int slot, byte pin, int gsi)
    {
        var rig = new PciRig();
        var function = new TestFunction(rig.Machine.Context, pin);
        rig.Bus.Add(function, slot);
        function.Reset();

        function.SetInterrupt(true);

        Assert.Equal([gsi], Enumerable.Range(0, TestMachine.LineCount).Where(g => rig.Machine.Line(g).IsAsserted));
        Assert.Equal(0x0018U, rig.Read(slot, 0, 6, AccessWidth.Word));
    }

    [Fact]
    public void Interrupt_DisabledInCommand_IsSilentUntilEnabled()
    {
        _rig.Write(3, 0, 4, 0x400, AccessWidth.Word);
        _function.SetInterrupt(true);
        bool whileDisabled = _rig.Machine.Line(19).IsAsserted;

        _rig.Write(3, 0, 4, 0, AccessWidth.Word);

        Assert.False(whileDisabled);
        Assert.True(_rig.Machine.Line(19).IsAsserted);
    }

    [Fact]
    public void Interrupt_AfterReset_IsSilent()
    {
        _function.SetInterrupt(true);

        _function.Reset();

        Assert.False(_rig.Machine.Line(19).IsAsserted);
    }

    [Fact]
    public void Wire_RoutedByIsaBridge_ReachesIrqUntilUnrouted()
    {
        var bridge = new IsaBridge(_rig.Machine.Context, _rig.Bus);
        _rig.Bus.Add(bridge, 1);
        bridge.Reset();
        _function.SetInterrupt(true);
        bool before = _rig.Machine.Line(10).IsAsserted;

        _rig.Write(1, 0, 0x62, 10, AccessWidth.Byte);
        bool routed = _rig.Machine.Line(10).IsAsserted;
        _rig.Write(1, 0, 0x62, 0x80, AccessWidth.Byte);

        Assert.False(before);
        Assert.True(routed);
        Assert.False(_rig.Machine.Line(10).IsAsserted);
    }

    [Fact]
    public void Wire_RoutedToReservedIrq_ReachesNone()
    {
        var bridge = new IsaBridge(_rig.Machine.Context, _rig.Bus);
        _rig.Bus.Add(bridge, 1);
        bridge.Reset();
        _function.SetInterrupt(true);

        _rig.Write(1, 0, 0x62, 8, AccessWidth.Byte);

        Assert.False(_rig.Machine.Line(8).IsAsserted);
    }
}
