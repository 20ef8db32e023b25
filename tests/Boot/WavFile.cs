using System.Buffers.Binary;

namespace Hearth.Boot.Tests;

/// <summary>Sound of 16 bits and 48 kHz, as tests make it and look at it.</summary>
internal sealed class WavFile
{
    public const int Rate = 48_000;

    private const int HeaderLength = 68;

    private readonly short[] _samples;

    private WavFile(int channels, short[] samples)
    {
        Channels = channels;
        _samples = samples;
    }

    public int Channels { get; }

    /// <summary>Frames.</summary>
    public int Length => _samples.Length / Channels;

    /// <summary>What Hearth wrote.</summary>
    public static WavFile Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        Assert.True(file.Length >= HeaderLength, "nothing was played");
        Assert.Equal(Rate, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(24)));
        Assert.Equal(16, BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(34)));
        Assert.Equal(file.Length - HeaderLength, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(64)));
        var samples = new short[(file.Length - HeaderLength) / sizeof(short)];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(HeaderLength + (i * sizeof(short))));
        return new WavFile(BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(22)), samples);
    }

    /// <summary>Frames without a head, each channel a tone of its own.</summary>
    /// <param name="frequencies">Hertz, of every channel.</param>
    public static byte[] Tones(double seconds, params int[] frequencies)
    {
        var bytes = new byte[(int)(seconds * Rate) * frequencies.Length * sizeof(short)];
        for (int i = 0; i < bytes.Length / sizeof(short); i++)
            BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(i * sizeof(short)), Sample(i / frequencies.Length, frequencies[i % frequencies.Length]));
        return bytes;
    }

    /// <summary>A tone with the shortest head there is.</summary>
    public static byte[] Tone(double seconds, int frequency)
    {
        byte[] frames = Tones(seconds, frequency);
        var head = new byte[44];
        "RIFF"u8.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), 36 + frames.Length);
        "WAVEfmt "u8.CopyTo(head.AsSpan(8));
        ReadOnlySpan<int> words = [16, 1 | (1 << 16), Rate, Rate * 2, 2 | (16 << 16)];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(16 + (4 * i)), words[i]);
        "data"u8.CopyTo(head.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(40), frames.Length);
        return [.. head, .. frames];
    }

    public static short Sample(int frame, int frequency) => (short)Math.Round(12_000 * Math.Sin(2 * Math.PI * frequency * frame / Rate));

    public short[] Channel(int channel) => [.. Enumerable.Range(0, Length).Select(frame => _samples[(frame * Channels) + channel])];

    /// <summary>The mean power of one frequency (a bin of the discrete Fourier transform) in that of all: of a pure tone next to 1.</summary>
    public static double ShareOf(ReadOnlySpan<short> samples, double frequency)
    {
        double step = 2 * Math.PI * frequency / Rate;
        double real = 0;
        double imaginary = 0;
        double power = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            real += samples[i] * Math.Cos(step * i);
            imaginary += samples[i] * Math.Sin(step * i);
            power += (double)samples[i] * samples[i];
        }

        return power == 0 ? 0 : 2 * ((real * real) + (imaginary * imaginary)) / (samples.Length * power);
    }
}
