using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>The samples of a WAV file: PCM of 8, 16, 24 or 32 bits, or floating point, in one channel or more.</summary>
internal sealed class WavRecording
{
    /// <summary>Bytes: some minutes; it is held in memory.</summary>
    public const int MaximumLength = 64 << 20;

    private const int Pcm = 1;
    private const int Float = 3;
    private const int Extensible = 0xFFFE;
    private const int ChunkHeader = 8;

    private readonly float[] _samples;
    private readonly int _channels;

    private WavRecording(int rate, int channels, float[] samples)
    {
        Rate = rate;
        _channels = channels;
        _samples = samples;
    }

    /// <summary>Frames a second.</summary>
    public int Rate { get; }

    /// <summary>Frames.</summary>
    public int Length => _samples.Length / _channels;

    /// <param name="name">How messages call the file.</param>
    /// <exception cref="MachineException">It is no WAV file, or one of a kind that is not known here.</exception>
    public static WavRecording Read(string name, Stream file)
    {
        byte[] bytes = ReadAll(name, file);
        if (bytes.Length < 12 || !bytes.AsSpan().StartsWith("RIFF"u8) || !bytes.AsSpan(8).StartsWith("WAVE"u8))
            throw new MachineException($"{name} is no WAV file");
        ReadOnlySpan<byte> format = FindChunk(bytes, "fmt "u8);
        ReadOnlySpan<byte> data = FindChunk(bytes, "data"u8);
        if (format.Length < 16)
            throw new MachineException($"{name} is damaged: it does not say what its samples are");
        int kind = BinaryPrimitives.ReadUInt16LittleEndian(format);
        if (kind == Extensible && format.Length >= 26)
            kind = BinaryPrimitives.ReadUInt16LittleEndian(format[24..]);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        int rate = BinaryPrimitives.ReadInt32LittleEndian(format[4..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(format[14..]);
        if ((kind != Pcm && (kind != Float || bits != 32)) || bits is not (8 or 16 or 24 or 32) || channels is < 1 or > 16 || rate is < 1000 or > 400_000)
            throw new MachineException($"{name} has sound in a format that is not known here: PCM of 8 to 32 bits is, and floating point of 32");
        float[] samples = Decode(data, kind == Float, bits / 8);
        if (samples.Length < channels)
            throw new MachineException($"{name} has no sound in it");
        return new WavRecording(rate, channels, samples);
    }

    /// <summary>A sample between two frames.</summary>
    /// <param name="position">Frames from the start, below <see cref="Length"/>.</param>
    /// <param name="channel">Where the recording has fewer, its last.</param>
    public float At(double position, int channel)
    {
        int frame = (int)position;
        int next = frame + 1 == Length ? 0 : frame + 1;
        int at = Math.Min(channel, _channels - 1);
        float first = _samples[(frame * _channels) + at];
        float second = _samples[(next * _channels) + at];
        return first + ((second - first) * (float)(position - frame));
    }

    private static byte[] ReadAll(string name, Stream file)
    {
        if (!file.CanSeek)
            throw new MachineException($"{name} is no file that can be heard over and over");
        if (file.Length > MaximumLength)
            throw new MachineException($"{name} is too long for a microphone: at most {MaximumLength >> 20} MiB are possible");
        var bytes = new byte[file.Length];
        file.Position = 0;
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <returns>Empty when there is none; cut off where the file ends.</returns>
    private static ReadOnlySpan<byte> FindChunk(ReadOnlySpan<byte> file, ReadOnlySpan<byte> id)
    {
        const int First = 12;
        for (long at = First; at + ChunkHeader <= file.Length;)
        {
            ReadOnlySpan<byte> chunk = file[(int)at..];
            long length = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
            if (chunk.StartsWith(id))
                return chunk.Slice(ChunkHeader, (int)Math.Min(length, chunk.Length - ChunkHeader));
            at += ChunkHeader + length + (length & 1);
        }

        return [];
    }

    private static float[] Decode(ReadOnlySpan<byte> data, bool isFloat, int width)
    {
        var samples = new float[data.Length / width];
        for (int i = 0; i < samples.Length; i++)
        {
            ReadOnlySpan<byte> sample = data[(i * width)..];
            samples[i] = width switch
            {
                1 => (sample[0] - 128) / 128f,
                2 => BinaryPrimitives.ReadInt16LittleEndian(sample) / 32768f,
                3 => ((sample[0] << 8) | (sample[1] << 16) | (sample[2] << 24)) / 2147483648f,
                _ when isFloat => Math.Clamp(BinaryPrimitives.ReadSingleLittleEndian(sample), -1f, 1f),
                _ => BinaryPrimitives.ReadInt32LittleEndian(sample) / 2147483648f,
            };
        }

        return samples;
    }
}
