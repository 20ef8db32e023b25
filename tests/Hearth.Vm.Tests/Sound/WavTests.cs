using System.Buffers.Binary;
using System.Text;
using Hearth.Machine;
using Hearth.Vm.Sound;

namespace Hearth.Vm.Tests.Sound;

public sealed class WavTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();
    private readonly List<string> _told = [];

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Recorder_writesRunsOfOneFormat_oneAfterTheOther()
    {
        var format = new SoundFormat(44_100, 6, SoundSample.Signed16);
        byte[] first = [.. Enumerable.Range(0, 1200).Select(i => (byte)i)];
        byte[] second = [.. Enumerable.Range(0, 600).Select(i => (byte)(i * 3))];
        using var output = Play(output =>
        {
            output.Start(format);
            output.Write(first);
            output.Stop();
            output.Start(format);
            output.Write(second);
        });

        byte[] file = File.ReadAllBytes(_path);

        Assert.Equal(WavFormat.HeaderLength + 1800, file.Length);
        Assert.Equal("RIFF", Encoding.ASCII.GetString(file, 0, 4));
        Assert.Equal(file.Length - 8, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4)));
        Assert.Equal((6, 44_100), (BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(22)), BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(24))));
        Assert.Equal(0x3F, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(40)));
        Assert.Equal(1800, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(64)));
        Assert.Equal([.. first, .. second], file[WavFormat.HeaderLength..]);
        Assert.Empty(_told);
    }

    [Fact]
    public void Recorder_leavesOutAnotherFormat_andSaysSo()
    {
        using var output = Play(output =>
        {
            output.Start(new SoundFormat(48_000, 2, SoundSample.Signed16));
            output.Write(new byte[400]);
            output.Stop();
            output.Start(new SoundFormat(44_100, 2, SoundSample.Signed16));
            output.Write(new byte[400]);
        });

        Assert.Equal(WavFormat.HeaderLength + 400, new FileInfo(_path).Length);
        Assert.Single(_told);
    }

    [Fact]
    public void Recording_readBack_hasItsSamples()
    {
        using var output = Play(output =>
        {
            output.Start(new SoundFormat(48_000, 2, SoundSample.Signed16));
            output.Write([0x00, 0x40, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x80]);
        });
        using FileStream file = File.OpenRead(_path);

        WavRecording recording = WavRecording.Read("test.wav", file);

        Assert.Equal((48_000, 2), (recording.Rate, recording.Length));
        Assert.Equal((0.5f, -0.5f, 0f, -1f), (recording.At(0, 0), recording.At(0, 1), recording.At(1, 0), recording.At(1, 1)));
        Assert.Equal(0.25f, recording.At(0.5, 0));
    }

    [Fact]
    public void Microphone_hearsTheRecordingAtTheGuestsRate()
    {
        using var output = Play(output =>
        {
            output.Start(new SoundFormat(24_000, 1, SoundSample.Signed16));
            output.Write([0x00, 0x00, 0x00, 0x10, 0x00, 0x20, 0x00, 0x10]);
        });
        using FileStream file = File.OpenRead(_path);
        var microphone = new WavMicrophone(WavRecording.Read("test.wav", file));
        microphone.Start(new SoundFormat(48_000, 2, SoundSample.Signed32));
        var frames = new byte[9 * 8];

        Assert.Equal(frames.Length, microphone.Read(frames));

        int[] left = [.. Enumerable.Range(0, 9).Select(i => BinaryPrimitives.ReadInt32LittleEndian(frames.AsSpan(8 * i)) >> 16)];
        Assert.All(left.Zip([0, 0x800, 0x1000, 0x1800, 0x2000, 0x1800, 0x1000, 0x800, 0]), pair => Assert.InRange(pair.First, pair.Second - 1, pair.Second + 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData("RIFF....WAVE")]
    [InlineData("RIFF....WAVEfmt \u0010\0\0\0\u0001\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0data\0\0\0\0")]
    [InlineData("RIFF....WAVEfmt \u00ff\u00ff\u00ff\u00ff")]
    [InlineData("a text that is no sound at all")]
    public void Recording_ofNoSound_isRefusedByName(string content)
    {
        using var file = new MemoryStream(Encoding.Latin1.GetBytes(content));

        MachineException error = Assert.Throws<MachineException>(() => WavRecording.Read("test.wav", file));

        Assert.StartsWith("test.wav ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Lets an output play into a recorder, and closes the file.</summary>
    private RingOutput Play(Action<RingOutput> play)
    {
        var recorder = new WavRecorder("test.wav", new FileStream(_path, FileMode.Create, FileAccess.Write, FileShare.Read, 0), _told.Add);
        var output = new RingOutput("test", recorder.Add);
        play(output);
        recorder.Dispose();
        return output;
    }
}
