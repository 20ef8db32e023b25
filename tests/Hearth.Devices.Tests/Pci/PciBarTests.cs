using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Pci;

public class PciBarTests
{
    private readonly PciRig _rig = new();
    private readonly TestFunction _function;

    public PciBarTests()
    {
        _function = new TestFunction(_rig.Machine.Context);
        _rig.Bus.Add(_function, 2);
        _function.Reset();
    }

    private Bus Memory => _rig.Machine.Memory.Bus;

    [Theory]
    [InlineData(0x10, 0xFFFF_F000)]
    [InlineData(0x14, 0xFFFF_FFE1)]
    [InlineData(0x18, 0xFFFF_0004)]
    [InlineData(0x1C, 0xFFFF_FFFF)]
    [InlineData(0x20, 0)]
    public void Bar_WrittenWithOnes_ReadsAsSizeMask(int register, uint expected)
    {
        _rig.Write(2, 0, 4, 3, AccessWidth.Word);

        _rig.Write(2, 0, register, 0xFFFF_FFFF);

        Assert.Equal(expected, _rig.Read(2, 0, register));
        Assert.DoesNotContain(_function.Bars, bar => bar.IsMapped);
    }

    [Fact]
    public void MemoryBar_PlacedAndEnabled_Answers()
    {
        _rig.Write(2, 0, 0x10, 0xE010_0000);

        _rig.Write(2, 0, 4, 2, AccessWidth.Word);

        Assert.Equal(0x123UL, Memory.Read(0xE010_0123, AccessWidth.Word));
        Assert.False(Memory.IsMapped(0xE010_1000));
    }

    [Fact]
    public void MemoryBar_MovedWhileEnabled_AnswersAtNewPlaceOnly()
    {
        _rig.Write(2, 0, 4, 2, AccessWidth.Word);
        _rig.Write(2, 0, 0x10, 0xE010_0000);

        _rig.Write(2, 0, 0x12, 0xE020, AccessWidth.Word);

        Assert.False(Memory.IsMapped(0xE010_0000));
        Assert.True(Memory.IsMapped(0xE020_0000));
    }

    [Fact]
    public void MemoryBar_DecodeDisabled_IsSilent()
    {
        _rig.Write(2, 0, 0x10, 0xE010_0000);
        _rig.Write(2, 0, 4, 2, AccessWidth.Word);

        _rig.Write(2, 0, 4, 0, AccessWidth.Word);

        Assert.False(Memory.IsMapped(0xE010_0000));
    }

    [Fact]
    public void WideBar_PlacedAbove4GiB_Answers()
    {
        _rig.Write(2, 0, 4, 2, AccessWidth.Word);
        _rig.Write(2, 0, 0x18, 0x0001_0000);

        _rig.Write(2, 0, 0x1C, 0x12);

        Assert.Equal(0xABCUL, Memory.Read(0x12_0001_0ABC, AccessWidth.Dword));
    }

    [Fact]
    public void WideBar_PlacedBeyondTheSpace_IsSilentAndDoesNotThrow()
    {
        _rig.Write(2, 0, 4, 2, AccessWidth.Word);

        _rig.Write(2, 0, 0x1C, 0xFFFF_FFF0);

        Assert.DoesNotContain(_function.Bars, bar => bar.IsMapped);
    }

    [Fact]
    public void PortBar_PlacedAndEnabled_Answers()
    {
        _rig.Write(2, 0, 0x14, 0xC040);

        _rig.Write(2, 0, 4, 1, AccessWidth.Word);

        Assert.Equal(5, _rig.Machine.In(0xC045));
    }

    [Fact]
    public void PortBar_PlacedOverConfigurationPorts_DoesNotHideThem()
    {
        _rig.Write(2, 0, 0x14, 0x0CE1);

        _rig.Write(2, 0, 4, 1, AccessWidth.Word);

        Assert.Equal(0x5678_1234U, _rig.Read(2, 0, 0));
    }

    [Fact]
    public void Bars_AfterReset_AreUnmapped()
    {
        PciResources.Assign(_rig.Bus);

        _function.Reset();

        Assert.DoesNotContain(_function.Bars, bar => bar.IsMapped);
    }

    [Fact]
    public void Assign_PlacesEveryBarInItsWindowWithoutOverlap()
    {
        for (int slot = 4; slot < 12; slot++)
            _rig.Bus.Add(new TestFunction(_rig.Machine.Context), slot);

        PciResources.Assign(_rig.Bus);

        AddressRange[] memory = [.. _rig.Machine.Memory.Ranges];
        AddressRange[] ports = [.. _rig.Machine.Ports.Ranges.Skip(1)];
        Assert.All(_rig.Bus.Functions.SelectMany(f => f.Bars), bar => Assert.True(bar.IsMapped));
        Assert.All(memory, range => Assert.True(PciResources.MemoryWindow.Contains(range.Start) && range.Start % range.Length == 0));
        Assert.All(ports, range => Assert.True(PciResources.PortWindow.Contains(range.Start) && range.Start % range.Length == 0));
        Assert.Equal(18, memory.Distinct().Count());
        Assert.DoesNotContain(memory, a => memory.Any(b => a != b && a.Overlaps(b)));
        Assert.DoesNotContain(ports, a => ports.Any(b => a != b && a.Overlaps(b)));
    }

    [Fact]
    public void Assign_RoutesInterruptLine()
    {
        PciResources.Assign(_rig.Bus);

        Assert.Equal(10U, _rig.Read(2, 0, 0x3C, AccessWidth.Byte));
    }

    [Theory]
    [InlineData(0x18)]
    [InlineData(8)]
    [InlineData(0)]
    public void Bar_OfImpossibleSize_Throws(ulong size)
    {
        Assert.Throws<MachineException>(() => new PciBar(0, PciBarKind.Memory32, size, _rig.Machine.Memory, _function));
    }
}
