using Hearth.Devices.Pci;
using Hearth.Devices.Pci.I6300Esb;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

/// <summary>The watchdog against the Intel 6300ESB datasheet, chapter 14.</summary>
public sealed class I6300EsbTests : IDisposable
{
    private const int Settings = 0x60;
    private const int Lock = 0x68;
    private const byte Enable = 2;
    private const byte FreeRunning = 4;
    private const long Millisecond = 1_000_000;

    private readonly PciRig _rig = new();
    private readonly I6300EsbDevice _device;

    public I6300EsbTests()
    {
        _device = new I6300EsbDevice(_rig.Machine.Context);
        _rig.Bus.Add(_device, 3);
        _device.Reset();
        PciResources.Assign(_rig.Bus);
    }

    public void Dispose() => _device.Dispose();

    private ulong Base => _rig.Read(3, 0, 0x10) & ~0xFU;

    private int Expirations => _rig.Machine.Control.Expirations;

    [Fact]
    public void Identity_IsThatOfTheDatasheet()
    {
        Assert.Equal(0x25AB_8086U, _rig.Read(3, 0, 0));
        Assert.Equal(0x0880_0000U, _rig.Read(3, 0, 8));
    }

    [Fact]
    public void Timer_RunsOutInTwoStages()
    {
        Preload(1006, 2013);
        Write(Lock, Enable);

        Advance(998);
        uint before = ReadMemory(8);
        Advance(3);
        uint after = ReadMemory(8);
        Advance(1990);
        int early = Expirations;
        Advance(12);

        Assert.Equal((0U, 1U), (before, after));
        Assert.Equal((0, 1), (early, Expirations));
        Assert.Equal(0x200U, ReadMemory(0xC));
    }

    [Fact]
    public void Timer_ThatIsReloadedInTime_NeverRunsOut()
    {
        Preload(1006, 1006);
        Write(Lock, Enable);

        for (int i = 0; i < 10; i++)
        {
            Advance(1500);
            WriteUnlocked(0xC, 0x100);
        }

        Assert.Equal(0, Expirations);
    }

    [Fact]
    public void Timer_OfMicroseconds_IsAThousandTimesAsFast()
    {
        Write(Settings, 0x04);
        Preload(0xF_FFFF, 0xF_FFFF);
        Write(Lock, Enable);

        Advance(2030);
        int early = Expirations;
        Advance(10);

        Assert.Equal((0, 1), (early, Expirations));
    }

    [Fact]
    public void Timer_Disabled_Stops()
    {
        Preload(100, 100);
        Write(Lock, Enable);
        Write(Lock, 0);

        Advance(10_000);

        Assert.Equal(0, Expirations);
        Assert.Null(_rig.Machine.Clock.NextDeadline);
    }

    [Fact]
    public void Timer_Locked_CannotBeDisabled()
    {
        Preload(100, 100);
        Write(Lock, Enable | 1);
        Write(Lock, 0);

        Advance(1000);

        Assert.Equal(1, Expirations);
        Assert.Equal(3U, _rig.Read(3, 0, Lock, AccessWidth.Byte));
    }

    [Fact]
    public void Output_Disabled_TellsNobodyButTheDriver()
    {
        Write(Settings, 0x20);
        Preload(100, 100);
        Write(Lock, Enable);

        Advance(1000);

        Assert.Equal(0, Expirations);
        Assert.Equal(0x200U, ReadMemory(0xC));
    }

    [Fact]
    public void Interrupt_Disabled_SetsNoStatus()
    {
        Write(Settings, 0x03);
        Preload(100, 10_000);
        Write(Lock, Enable);

        Advance(1000);

        Assert.Equal(0U, ReadMemory(8));
    }

    [Fact]
    public void FreeRunning_TellsOnceUntilTheDriverTookNote()
    {
        Preload(0xF_FFFF, 100);
        Write(Lock, Enable | FreeRunning);

        Advance(1000);
        int first = Expirations;
        WriteUnlocked(0xC, 0x200);
        Advance(1000);

        Assert.Equal((1, 2), (first, Expirations));
    }

    [Fact]
    public void TimedOut_StaysThroughAResetAndIsClearedByWritingIt()
    {
        Preload(100, 100);
        Write(Lock, Enable);
        Advance(1000);

        _device.Reset();
        PciResources.Assign(_rig.Bus);
        uint after = ReadMemory(0xC);
        WriteUnlocked(0xC, 0x200);

        Assert.Equal((0x200U, 0U), (after, ReadMemory(0xC)));
        Assert.Equal(0U, _rig.Read(3, 0, Lock, AccessWidth.Byte));
    }

    [Theory]
    [InlineData]
    [InlineData(0x80u)]
    [InlineData(0x86u)]
    [InlineData(0x86u, 0x80u)]
    [InlineData(0x80u, 0x80u)]
    public void Preload_WithoutBothKeys_IsIgnoredAndLogged(params uint[] keys)
    {
        Assert.All(keys, key => WriteMemory(0xC, key));
        WriteMemory(0, 5);

        Assert.Equal(0xF_FFFFU, ReadMemory(0));
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Keys_LetOneWriteThrough()
    {
        WriteUnlocked(0, 0xFFFF_FFFF);
        WriteMemory(4, 7);

        Assert.Equal((0xF_FFFFU, 0xF_FFFFU), (ReadMemory(0), ReadMemory(4)));
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Restored_InTheSecondStage_RunsOutWhenTheOriginalWouldHave()
    {
        Preload(100, 1006);
        Write(Lock, Enable);
        Advance(500);
        byte[] saved = TestMachine.Save(_device);
        using var other = new I6300EsbTests();
        other._rig.Machine.Clock.Set(_rig.Machine.Clock.Now);

        TestMachine.Restore(other._device, saved);
        other.Advance(599);
        int early = other.Expirations;
        other.Advance(3);

        Assert.Equal((0, 1), (early, other.Expirations));
    }

    private void Preload(uint first, uint second)
    {
        WriteUnlocked(0, first);
        WriteUnlocked(4, second);
    }

    private void WriteUnlocked(ulong offset, uint value)
    {
        WriteMemory(0xC, 0x80);
        WriteMemory(0xC, 0x86);
        WriteMemory(offset, value);
    }

    private void WriteMemory(ulong offset, uint value) => _rig.Machine.WriteDword(Base + offset, value);

    private uint ReadMemory(ulong offset) => _rig.Machine.ReadDword(Base + offset);

    private void Write(int register, byte value) => _rig.Write(3, 0, register, value, AccessWidth.Byte);

    private void Advance(long milliseconds) => _rig.Machine.Clock.Advance(milliseconds * Millisecond);
}
