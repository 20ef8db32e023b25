using Hearth.Machine;
using Hearth.Memory;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>A frame buffer: the guest writes it without leaving its code, and what it writes is told.</summary>
public sealed class DeviceMemoryTests : IDisposable
{
    private const ulong Place = 0xE000_0000;
    private const ulong OtherPlace = 0xE800_0000;

    private readonly CodeMachine _machine = new(deviceMemory: 1 << 20);

    private DeviceMemory Device => _machine.Ram.Device!;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Stores_reachTheMemoryWithoutTheBus()
    {
        Device.Place(Place);
        _machine.Map(CodeMachine.Device, Place);

        Store(0x1234, times: 1000);

        Assert.Equal(0x1234U, Device.ReadUInt32(0));
        Assert.Empty(_machine.Bus.Accesses);
    }

    [Fact]
    public void Written_pages_areToldEachTime()
    {
        Device.Place(Place);
        _machine.Map(CodeMachine.Device, Place + 0x5000);
        PageSet written = Device.NewPageSet();
        Device.TakeWritten(written);

        for (uint value = 1; value < 4; value++)
        {
            Store(value, times: 1);
            written.Clear();
            Device.TakeWritten(written);
            Assert.Equal((1, true), (written.Count, written.Contains(5)));
        }

        written.Clear();
        Device.TakeWritten(written);
        Assert.Equal(0, written.Count);
    }

    [Fact]
    public void Move_leavesNoTranslationBehind()
    {
        Device.Place(Place);
        _machine.Map(CodeMachine.Device, Place);
        Store(1, times: 1);

        Device.Place(OtherPlace);
        Store(2, times: 1);

        Assert.Equal(1U, Device.ReadUInt32(0));
        Assert.Equal([-4], _machine.Bus.Accesses);
    }

    private void Store(uint value, int times) => _machine.Run(a =>
    {
        Label again = a.CreateLabel();
        a.mov(ecx, times);
        a.mov(rdi, CodeMachine.Device);
        a.Label(ref again);
        a.mov(__dword_ptr[rdi], value);
        a.dec(ecx);
        a.jnz(again);
        a.@out(TestBus.StopPort, al);
    });
}
