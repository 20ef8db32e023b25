using System.Buffers.Binary;
using Hearth.Devices.Platform.Rtc;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Rtc;

public sealed class RtcDeviceTests
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1000 * Millisecond;

    private readonly TestMachine _machine = new();
    private readonly RecordingLine _line = new();
    private readonly RtcDevice _rtc;

    public RtcDeviceTests()
    {
        _machine.Clock.Epoch = new DateTimeOffset(2026, 11, 23, 21, 58, 59, TimeSpan.Zero);
        _rtc = new RtcDevice(_machine.Context, _line, new CmosMemorySize(0xC000_0000, 1UL << 30));
        _rtc.Reset();
    }

    [Fact]
    public void Time_InBcd_IsTheWallClock()
    {
        Assert.Equal([0x59, 0x58, 0x21, 0x02, 0x23, 0x11, 0x26, 0x20], ReadTime());
    }

    [Fact]
    public void Time_InBinary12Hours_IsTheWallClock()
    {
        Write(0x0B, 0x04);

        Assert.Equal([59, 58, 0x89, 2, 23, 11, 26, 20], ReadTime());
    }

    [Theory]
    [InlineData(0, 0x12)]
    [InlineData(11, 0x11)]
    [InlineData(12, 0x92)]
    [InlineData(13, 0x81)]
    public void Hours_In12HourMode_HaveNoonAndMidnightRight(int hour, byte expected)
    {
        _machine.Clock.Epoch = new DateTimeOffset(2026, 1, 1, hour, 0, 0, TimeSpan.Zero);

        Write(0x0B, 0x00);

        Assert.Equal(expected, Read(0x04));
    }

    [Fact]
    public void Time_GoesOn()
    {
        _machine.Clock.Advance(61 * Second);

        Assert.Equal([0x00, 0x00, 0x22], ReadTime()[..3]);
    }

    [Fact]
    public void Time_SetUnderSet_GoesOnFromThere()
    {
        Write(0x0B, 0x82);
        Write(0x00, 0x10);
        Write(0x02, 0x20);
        Write(0x04, 0x13);
        Write(0x07, 0x28);
        Write(0x08, 0x02);
        Write(0x09, 0x99);
        Write(0x32, 0x19);
        _machine.Clock.Advance(5 * Second);
        byte[] held = ReadTime();
        Write(0x0B, 0x02);

        _machine.Clock.Advance(5 * Second);

        Assert.Equal([0x10, 0x20, 0x13], held[..3]);
        Assert.Equal([0x15, 0x20, 0x13, 0x01, 0x28, 0x02, 0x99, 0x19], ReadTime());
    }

    [Fact]
    public void Time_SetWithoutSet_TakesEffectAtOnce()
    {
        Write(0x04, 0x05);

        _machine.Clock.Advance(Second);

        Assert.Equal([0x00, 0x59, 0x05], ReadTime()[..3]);
    }

    [Fact]
    public void Time_OfNonsense_IsMovedToTheNearestDate()
    {
        Write(0x0B, 0x86);
        Write(0x07, 31);
        Write(0x08, 2);
        Write(0x04, 77);

        Write(0x0B, 0x06);

        Assert.Equal([23, 28, 2], [Read(0x04), Read(0x07), Read(0x08)]);
    }

    [Fact]
    public void Offset_SurvivesSaveAndRestore()
    {
        Write(0x04, 0x05);
        var other = new TestMachine();
        other.Clock.Epoch = _machine.Clock.Epoch + TimeSpan.FromHours(1);
        var restored = new RtcDevice(other.Context, new RecordingLine(), default);

        TestMachine.Restore(restored, TestMachine.Save(_rtc));
        other.Out(0x70, 0x04);

        Assert.Equal(0x06, other.In(0x71));
    }

    [Fact]
    public void UpdateInProgress_IsUpJustBeforeTheSecond()
    {
        _machine.Clock.Advance(Second - 245_000);
        int before = Read(0x0A) & 0x80;
        _machine.Clock.Advance(2_000);
        int near = Read(0x0A) & 0x80;
        _machine.Clock.Advance(243_000);

        Assert.Equal([0, 0x80, 0], [before, near, Read(0x0A) & 0x80]);
    }

    [Fact]
    public void PeriodicInterrupt_At1024Hertz_RaisesTheLineUntilCIsRead()
    {
        Write(0x0A, 0x26);
        Write(0x0B, 0x42);
        Read(0x0C);
        int fired = 0;
        for (int i = 0; i < 1024; i++)
        {
            _machine.Clock.Advance(Second / 1024);
            fired += Read(0x0C) == 0xC0 ? 1 : 0;
        }

        // One of them coincides with the update of the second, which sets UF beside it.
        Assert.InRange(fired, 1020, 1024);
        Assert.InRange(_line.RisingEdges, 1022, 1024);
        Assert.False(_line.IsAsserted);
    }

    [Theory]
    [InlineData(1, 256)]
    [InlineData(2, 128)]
    [InlineData(3, 8192)]
    [InlineData(15, 2)]
    public void PeriodicFlag_OfARate_RisesThatOften(byte rate, int hertz)
    {
        Write(0x0A, (byte)(0x20 | rate));
        Read(0x0C);
        _machine.Clock.Advance((Second / hertz) - 1000);
        int early = Read(0x0C) & 0x40;
        _machine.Clock.Advance(2000);

        Assert.Equal(0, early);
        Assert.Equal(0x40, Read(0x0C) & 0x40);
    }

    [Fact]
    public void UpdateInterrupt_ComesEverySecond()
    {
        Write(0x0B, 0x12);
        _machine.Clock.Advance(300 * Millisecond);
        int early = _line.RisingEdges;
        _machine.Clock.Advance(700 * Millisecond);
        byte flags = Read(0x0C);
        _machine.Clock.Advance(Second);

        Assert.Equal(0, early);
        Assert.Equal(0x90, flags & 0x90);
        Assert.Equal(2, _line.RisingEdges);
    }

    [Fact]
    public void Alarm_ComesAtItsTime()
    {
        Write(0x01, 0x02);
        Write(0x03, 0x00);
        Write(0x05, 0x22);
        Write(0x0B, 0x22);
        _machine.Clock.Advance(62 * Second);
        bool early = _line.IsAsserted;
        _machine.Clock.Advance(Second);

        Assert.False(early);
        Assert.True(_line.IsAsserted);
        Assert.Equal(0xA0, Read(0x0C) & 0xA0);
    }

    [Fact]
    public void Alarm_WithDontCareFields_ComesEveryMinute()
    {
        Write(0x01, 0x30);
        Write(0x03, 0xFF);
        Write(0x05, 0xC0);
        Write(0x0B, 0x22);
        int fired = 0;
        for (int i = 0; i < 180; i++)
        {
            _machine.Clock.Advance(Second);
            fired += (Read(0x0C) & 0x20) != 0 ? 1 : 0;
        }

        Assert.Equal(3, fired);
    }

    [Fact]
    public void AlarmFlag_WithoutInterrupt_IsSeenWhenCIsRead()
    {
        Write(0x01, 0x30);
        Write(0x03, 0x10);
        Write(0x05, 0x22);

        _machine.Clock.Advance(3600 * Second);

        Assert.Equal(0x20, Read(0x0C) & 0xA0);
        Assert.Equal(0, _line.RisingEdges);
    }

    [Fact]
    public void Clock_WithoutInterrupts_ArmsNoTimer()
    {
        Read(0x0C);

        Assert.Null(_machine.Clock.NextDeadline);
    }

    [Theory]
    [InlineData(0x15, 0x80)]
    [InlineData(0x16, 0x02)]
    [InlineData(0x17, 0xFF)]
    [InlineData(0x18, 0xFF)]
    [InlineData(0x30, 0xFF)]
    [InlineData(0x31, 0xFF)]
    [InlineData(0x34, 0x00)]
    [InlineData(0x35, 0xBF)]
    [InlineData(0x5B, 0x00)]
    [InlineData(0x5C, 0x40)]
    [InlineData(0x5D, 0x00)]
    public void Cmos_TellsTheSizeOfMemory(byte register, byte expected)
    {
        Assert.Equal(expected, Read(register));
    }

    [Fact]
    public void Cmos_KeepsWhatIsWrittenThroughAReset()
    {
        Write(0x0F, 0x0A);

        _rtc.Reset();

        Assert.Equal(0x0A, Read(0x0F));
    }

    [Fact]
    public void Index_CarriesTheNmiMaskAndReadsAsOnes()
    {
        _machine.Out(0x70, 0x8F);
        bool masked = _rtc.IsNmiMasked;
        _machine.Out(0x70, 0x0F);

        Assert.True(masked);
        Assert.False(_rtc.IsNmiMasked);
        Assert.Equal(0xFF, _machine.In(0x70));
    }

    [Fact]
    public void RegisterD_SaysTheBatteryIsGood()
    {
        Write(0x0D, 0x00);

        Assert.Equal(0x80, Read(0x0D));
    }

    /// <summary>A saved clock may stand past the end of the calendar; what it shows stays there, and its timer must not fire again and again.</summary>
    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Restored_FarFromTheHostsTime_WakesTheHostOnceASecond(long offset)
    {
        byte[] saved = TestMachine.Save(_rtc);
        BinaryPrimitives.WriteInt64LittleEndian(saved.AsSpan(2), offset);
        TestMachine.Restore(_rtc, saved);
        Write(0x0B, 0x12);
        Read(0x0C);

        for (int second = 0; second < 3; second++)
        {
            long? next = _machine.Clock.NextDeadline;
            Assert.InRange(next!.Value, _machine.Clock.Now + 1, _machine.Clock.Now + Second);
            _machine.Clock.Advance(Second);
            Read(0x0C);
        }
    }

    private byte Read(byte register)
    {
        _machine.Out(0x70, register);
        return _machine.In(0x71);
    }

    private void Write(byte register, byte value)
    {
        _machine.Out(0x70, register);
        _machine.Out(0x71, value);
    }

    private byte[] ReadTime() => [Read(0), Read(2), Read(4), Read(6), Read(7), Read(8), Read(9), Read(0x32)];
}
