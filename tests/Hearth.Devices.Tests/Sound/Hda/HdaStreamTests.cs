using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Sound.Hda;

/// <summary>What the DMA engines move, and when.</summary>
public class HdaStreamTests
{
    private const long Millisecond = 1_000_000;
    private const byte Tag = 3;

    private readonly HdaRig _rig = new HdaRig().Start();

    private FakeSound.FakeOutput Played => _rig.Sound.Outputs[0];

    [Fact]
    public void Playback_TakesRealTimeAndComesInOrder()
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 4, 0x1000);
        _rig.FillWithRamp(0x4000);

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(50 * Millisecond);

        Assert.Equal(9600U, _rig.Position(HdaRig.Output));
        Assert.Equal(new SoundFormat(48_000, 2, SoundSample.Signed16), Played.Format);
        Assert.Equal(50 * 48 * 4, Played.Length);
        Assert.Equal(_rig.Ram.Slice((int)HdaRig.Buffer, Played.Length), Played.Written);
    }

    [Theory]
    [InlineData(0x0011, 0, 48_000)]
    [InlineData(0x4011, 0, 44_100)]
    [InlineData(0x0811, 0, 96_000)]
    [InlineData(0x0511, 0, 8_000)]
    [InlineData(0x0A11, 0, 32_000)]
    [InlineData(0x0011, 1_000, 48_048)]
    [InlineData(0x0011, -1_000, 47_952)]
    public void Rate_OverManyOddLooks_IsExact(int format, int drift, int frames)
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, (ushort)format, 4, 0x1000);
        Played.Drift = drift;
        _rig.Run(HdaRig.Output);
        var random = new Random(1);

        for (long now = 0; now < 1000 * Millisecond;)
        {
            long step = Math.Min(random.NextInt64(3 * Millisecond), (1000 * Millisecond) - now);
            _rig.Machine.Clock.Advance(step);
            _rig.Position(HdaRig.Output);
            now += step;
        }

        Assert.InRange(Played.Length / 4, frames - 1, frames);
    }

    [Fact]
    public void Position_IsWhereTheTimeSays_BetweenTimers()
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 4, 0x1000);
        _rig.Run(HdaRig.Output);

        _rig.Machine.Clock.Advance(Millisecond / 4);

        Assert.Equal(48U, _rig.Position(HdaRig.Output));
        Assert.Equal(48U, _rig.Read(0x2000 + HdaRig.Register(HdaRig.Output) + 4));
    }

    [Fact]
    public void HostAwayForHalfASecond_LosesTimeAndNotSamples()
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 4, 0x1000);
        _rig.FillWithRamp(0x4000);
        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(10 * Millisecond);
        _rig.Position(HdaRig.Output);

        _rig.Machine.Clock.Set(_rig.Machine.Clock.Now + (500 * Millisecond));
        _rig.Machine.Clock.Advance(0);

        Assert.Equal(30 * 48 * 4, Played.Length);
        Assert.Equal(_rig.Ram.Slice((int)HdaRig.Buffer, Played.Length), Played.Written);
    }

    [Fact]
    public void Buffers_RunRoundAndInterruptAtTheirEnds()
    {
        _rig.Connect(Tag, 2);
        _rig.Write(0x20, 0x8000_0010);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 1920);
        _rig.Run(HdaRig.Output);

        _rig.Machine.Clock.Advance((10 * Millisecond) - 1000);
        bool early = _rig.Line.IsAsserted;
        _rig.Machine.Clock.Advance(2000);

        Assert.False(early);
        Assert.True(_rig.Line.IsAsserted);
        Assert.Equal(0x8000_0010U, _rig.Read(0x24));
        Assert.Equal(0x24, _rig.Status(HdaRig.Output));
        _rig.Acknowledge(HdaRig.Output);
        Assert.False(_rig.Line.IsAsserted);
        _rig.Machine.Clock.Advance(10 * Millisecond);
        Assert.InRange(_rig.Position(HdaRig.Output), 0U, 8U);
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Interrupt_ByMessage_IsSentForEveryBuffer()
    {
        _rig.Connect(Tag, 2);
        _rig.Device.WriteConfiguration(0x64, AccessWidth.Dword, 0xFEE0_0000);
        _rig.Device.WriteConfiguration(0x6C, AccessWidth.Word, 0x45);
        _rig.Device.WriteConfiguration(0x62, AccessWidth.Word, 1);
        _rig.Write(0x20, 0x8000_0010);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 1920);
        _rig.Run(HdaRig.Output);

        for (int i = 0; i < 5; i++)
        {
            _rig.Machine.Clock.Advance(10 * Millisecond + 1000);
            _rig.Acknowledge(HdaRig.Output);
        }

        Assert.Equal(5, _rig.Machine.Messages.Count);
        Assert.Equal((0xFEE0_0000UL, 0x45U), _rig.Machine.Messages.Last);
        Assert.Equal(0, _rig.Line.RisingEdges);
    }

    [Fact]
    public void PositionBuffer_FollowsTheStream()
    {
        _rig.Connect(Tag, 2);
        _rig.Write(0x70, 0x3001);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);
        _rig.Run(HdaRig.Output);

        _rig.Machine.Clock.Advance(7 * Millisecond);
        uint position = _rig.Position(HdaRig.Output);

        Assert.Equal(position, BinaryPrimitives.ReadUInt32LittleEndian(_rig.Ram[(0x3000 + (8 * HdaRig.Output))..]));
        Assert.Equal(7U * 48 * 4, position);
    }

    [Fact]
    public void Streams_HeldBySynchronization_StartTogether()
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);
        _rig.SetUp(HdaRig.Output + 1, 5, HdaRig.Stereo16At48, 2, 0x1000);
        _rig.Write(0x34, 0x30);
        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(3 * Millisecond);
        _rig.Run(HdaRig.Output + 1);
        _rig.Machine.Clock.Advance(3 * Millisecond);
        uint held = _rig.Position(HdaRig.Output);

        _rig.Write(0x38, 0);
        _rig.Machine.Clock.Advance(2 * Millisecond);

        Assert.Equal((0U, 384U, 384U), (held, _rig.Position(HdaRig.Output), _rig.Position(HdaRig.Output + 1)));
    }

    [Fact]
    public void StreamReset_ClearsAndReadsBack()
    {
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);
        _rig.Run(HdaRig.Output);

        _rig.Write(HdaRig.Register(HdaRig.Output), 1, AccessWidth.Byte);
        uint set = _rig.Read(HdaRig.Register(HdaRig.Output));
        _rig.Write(HdaRig.Register(HdaRig.Output), 0, AccessWidth.Byte);

        Assert.Equal((1U, 0U), (set, _rig.Read(HdaRig.Register(HdaRig.Output))));
        Assert.Equal(0U, _rig.Read(HdaRig.Register(HdaRig.Output) + 8));
        Assert.Null(Played.Format);
    }

    [Fact]
    public void Surround_ComesInTheHostsOrder()
    {
        _rig.Connect(Tag, 6);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Surround16At48, 2, 0x600);

        // Front left and right, rear left and right, centre, low frequencies: as converters have them.
        short[] frame = [1, 2, 3, 4, 5, 6];
        for (int i = 0; i < 0xC00 / 2; i++)
            BinaryPrimitives.WriteInt16LittleEndian(_rig.Ram[((int)HdaRig.Buffer + (2 * i))..], frame[i % 6]);

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(Millisecond);
        _rig.Position(HdaRig.Output);

        Assert.Equal(new SoundFormat(48_000, 6, SoundSample.Signed16), Played.Format);
        Assert.Equal([1, 2, 5, 6, 3, 4], Samples(Played.Written[..12]));
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 4)]
    public void Stereo_OutOfEveryJack_ComesOnceWhileTheFirstIsOn(bool isFrontOn, int channels)
    {
        const uint SetStream = 0x7_0600;
        const uint SetPin = 0x7_0700;
        const int FrontJack = 6;
        _rig.Connect(Tag, 2);
        _rig.Send(FrontJack, SetPin | (isFrontOn ? 0x40U : 0));
        _rig.Send(3, SetStream | (Tag << 4));
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);

        _rig.Run(HdaRig.Output);

        Assert.Equal(new SoundFormat(48_000, channels, SoundSample.Signed16), Played.Format);
    }

    [Theory]
    [InlineData(0x4A, 10_000)]
    [InlineData(0x4A - 6, 5_012)]
    [InlineData(0x4A - 20, 1_000)]
    [InlineData(0x80 | 0x4A, 0)]
    public void Amplifier_MakesSofter(int setting, int expected)
    {
        _rig.Connect(Tag, 2);
        _rig.Send(2, 0x3_B000 | (uint)setting);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);
        for (int i = 0; i < 0x1000; i += 2)
            BinaryPrimitives.WriteInt16LittleEndian(_rig.Ram[((int)HdaRig.Buffer + i)..], 10_000);

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(Millisecond);
        _rig.Position(HdaRig.Output);

        Assert.All(Samples(Played.Written), sample => Assert.InRange(sample, expected - 1, expected));
    }

    [Fact]
    public void Jack_SwitchedOff_IsSilent()
    {
        _rig.Connect(Tag, 2);
        _rig.Send(6, 0x70700);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);
        _rig.FillWithRamp(0x2000);

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(5 * Millisecond);

        Assert.True(Played.Length > 0);
        Assert.Equal(-1, Played.Written.IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(0x0031, SoundSample.Signed24)]
    [InlineData(0x0041, SoundSample.Signed32)]
    public void WideSamples_PassUnchanged(int format, SoundSample sample)
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, (ushort)format, 2, 0x1000);
        new Random(3).NextBytes(_rig.Ram.Slice((int)HdaRig.Buffer, 0x2000));

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(5 * Millisecond);
        _rig.Position(HdaRig.Output);

        Assert.Equal(new SoundFormat(48_000, 2, sample), Played.Format);
        Assert.Equal(240 * 8, Played.Length);
        Assert.Equal(_rig.Ram.Slice((int)HdaRig.Buffer, Played.Length), Played.Written);
    }

    [Fact]
    public void Capture_BringsTheMicrophoneToMemory()
    {
        _rig.Send(5, 0x70600 | (Tag << 4));
        _rig.Send(9, 0x70700 | 0x20);
        _rig.SetUp(HdaRig.Input, Tag, HdaRig.Stereo16At48, 2, 0x1000);

        _rig.Run(HdaRig.Input);
        _rig.Machine.Clock.Advance(10 * Millisecond);

        Assert.Equal(480U * 4, _rig.Position(HdaRig.Input));
        short[] recorded = Samples(_rig.Ram.Slice((int)HdaRig.Buffer, 480 * 4));
        Assert.Equal(Enumerable.Range(0, 960).Select(i => (short)(i / 2)), recorded);
    }

    [Fact]
    public void Capture_WithoutAConverter_IsSilence()
    {
        _rig.Ram.Slice((int)HdaRig.Buffer, 0x2000).Fill(0x55);
        _rig.SetUp(HdaRig.Input, Tag, HdaRig.Stereo16At48, 2, 0x1000);

        _rig.Run(HdaRig.Input);
        _rig.Machine.Clock.Advance(10 * Millisecond);
        _rig.Position(HdaRig.Input);

        Assert.Equal(-1, _rig.Ram.Slice((int)HdaRig.Buffer, 480 * 4).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void List_OutsideMemory_EndsWithADescriptorError()
    {
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);
        _rig.Write(HdaRig.Register(HdaRig.Output) + 0x1C, 0x10);
        _rig.Write(0x20, 0x8000_0010);

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(50 * Millisecond);

        Assert.Equal(0x10, _rig.Status(HdaRig.Output) & 0x1C);
        Assert.True(_rig.Line.IsAsserted);
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void List_OfNothing_EndsWithADescriptorError()
    {
        for (int i = 0; i < 256; i++)
            _rig.Describe(i, HdaRig.Buffer, 0, interrupts: true);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 0, 0x1000);
        _rig.Write(HdaRig.Register(HdaRig.Output) + 8, 0x1000);
        _rig.Write(HdaRig.Register(HdaRig.Output) + 0xC, 255, AccessWidth.Word);

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(50 * Millisecond);

        Assert.Equal(0x10, _rig.Status(HdaRig.Output) & 0x10);
        Assert.Null(_rig.Machine.Clock.NextDeadline);
    }

    [Fact]
    public void Buffer_OutsideMemory_IsSilenceAndAFifoError()
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 0x1000);
        _rig.Describe(0, 0xFFFF_FFFF_FFFF_FFF0, 0x1000);

        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(10 * Millisecond);
        _rig.Position(HdaRig.Output);

        Assert.Equal(0x08, _rig.Status(HdaRig.Output) & 0x18);
        Assert.Equal(480 * 4, Played.Length);
    }

    [Fact]
    public void TinyBuffers_DoNotFloodTheTimer()
    {
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 2, 4);
        int looks = 0;
        _rig.Run(HdaRig.Output);

        for (; looks < 10_000 && _rig.Machine.Clock.NextDeadline is { } next && next <= 100 * Millisecond; looks++)
            _rig.Machine.Clock.Advance(next - _rig.Machine.Clock.Now);

        Assert.InRange(looks, 10, 210);
    }

    [Fact]
    public void Playback_SavedAndRestored_GoesOnAtTheSameSample()
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 4, 0x1000);
        _rig.FillWithRamp(0x4000);
        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance((13 * Millisecond) + 777);
        byte[] saved = TestMachine.Save(_rig.Device);
        var other = new HdaRig();
        _rig.Ram.CopyTo(other.Ram);
        other.Machine.Clock.Set(_rig.Machine.Clock.Now);
        TestMachine.Restore(other.Device, saved);

        int before = Played.Length;
        _rig.Machine.Clock.Advance(40 * Millisecond);
        other.Machine.Clock.Advance(40 * Millisecond);

        Assert.Equal(new SoundFormat(48_000, 2, SoundSample.Signed16), other.Sound.Outputs[0].Format);
        Assert.Equal(Played.Written[before..], other.Sound.Outputs[0].Written);
        Assert.Equal(_rig.Position(HdaRig.Output), other.Position(HdaRig.Output));
    }

    [Fact]
    public void Pause_StopsTheStreamUntilResumed()
    {
        _rig.Connect(Tag, 2);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Stereo16At48, 4, 0x1000);
        _rig.Run(HdaRig.Output);
        _rig.Machine.Clock.Advance(5 * Millisecond);

        _rig.Device.Pause();
        _rig.Machine.Clock.Advance(3 * Millisecond);
        int paused = Played.Length;
        _rig.Device.Resume();
        _rig.Machine.Clock.Advance(5 * Millisecond);
        _rig.Position(HdaRig.Output);

        Assert.Equal(240 * 4, paused);
        Assert.Equal(13 * 48 * 4, Played.Length);
    }

    [Fact]
    public void Playback_InSteadyState_AllocatesNothing()
    {
        _rig.Connect(Tag, 6);
        _rig.SetUp(HdaRig.Output, Tag, HdaRig.Surround16At48, 2, 0x1200);
        _rig.Run(HdaRig.Output);

        long allocated = Allocations.Of(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                _rig.Machine.Clock.Advance(5 * Millisecond);
                _rig.Position(HdaRig.Output);
                _rig.Acknowledge(HdaRig.Output);
            }
        });

        Assert.Equal(0, allocated);
    }

    private static short[] Samples(ReadOnlySpan<byte> bytes)
    {
        var samples = new short[bytes.Length / 2];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]);
        return samples;
    }
}
