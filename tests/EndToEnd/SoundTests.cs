using System.Buffers.Binary;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>What the proving ground's sound card plays.</summary>
[Collection<GroundCollection>]
public sealed class SoundTests(GroundFixture fixture)
{
    private const int WavHeaderLength = 44;
    private const int WavRate = 48_000;
    private const int WavFrameLength = 4;
    private const double Frequency = 1000;

    /// <summary>What /dev/dsp takes unless it is told otherwise: 8 bits, one channel.</summary>
    private const int OssRate = 8_000;

    private readonly ProvingGround _ground = fixture.Ground;

    [Fact]
    public void Tone_playedInside_isFoundInTheCapture()
    {
        string tone = Path.Combine(_ground.SharedDirectory, "tone");
        File.WriteAllBytes(tone, [.. Enumerable.Range(0, 2 * OssRate).Select(i => (byte)(128 + (100 * Math.Sin(2 * Math.PI * Frequency * i / OssRate))))]);

        _ground.Require($"cat {tone} > /dev/dsp", GroundFixture.Patience);

        _ground.WaitUntil(() => ReadLeft().Length > WavRate, GroundFixture.Patience, "a second of sound");
        double[] sound = ReadLeft();
        double[] middle = sound[(sound.Length / 4)..(sound.Length * 3 / 4)];
        Assert.InRange(PowerAt(middle, Frequency) / middle.Average(sample => sample * sample), 0.5, 1.1);
    }

    /// <summary>The left channel of the WAV file, which QEMU is still writing.</summary>
    private double[] ReadLeft()
    {
        using var file = new FileStream(fixture.SoundCapture, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return [.. bytes.Skip(WavHeaderLength).Chunk(WavFrameLength).Where(frame => frame.Length == WavFrameLength).Select(frame => (double)BinaryPrimitives.ReadInt16LittleEndian(frame))];
    }

    /// <summary>The mean power of one frequency (a bin of the discrete Fourier transform): all of a pure tone's, next to nothing of noise's.</summary>
    private static double PowerAt(double[] samples, double frequency)
    {
        double step = 2 * Math.PI * frequency / WavRate;
        double real = samples.Select((sample, i) => sample * Math.Cos(step * i)).Sum();
        double imaginary = samples.Select((sample, i) => sample * Math.Sin(step * i)).Sum();
        return 2 * ((real * real) + (imaginary * imaginary)) / ((double)samples.Length * samples.Length);
    }
}
