using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>The head of a WAV file (Microsoft, Multiple channel audio data and WAVE files).</summary>
internal static class WavFormat
{
    /// <summary>Bytes before the frames: RIFF, an extensible format, data.</summary>
    public const int HeaderLength = 68;

    /// <summary>Bytes of frames that a file can have: its lengths have 32 bits.</summary>
    public const long MaximumLength = uint.MaxValue - HeaderLength - 1024;

    private const ushort Extensible = 0xFFFE;
    private const int FormatLength = 40;
    private const int ExtensionLength = 22;

    private static ReadOnlySpan<byte> SubtypeTail => [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71];

    /// <param name="length">Bytes of frames.</param>
    public static void WriteHeader(Span<byte> to, in SoundFormat format, long length)
    {
        "RIFF"u8.CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], (uint)(length + HeaderLength - 8));
        "WAVEfmt "u8.CopyTo(to[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(to[16..], FormatLength);
        BinaryPrimitives.WriteUInt16LittleEndian(to[20..], Extensible);
        BinaryPrimitives.WriteUInt16LittleEndian(to[22..], (ushort)format.Channels);
        BinaryPrimitives.WriteInt32LittleEndian(to[24..], format.Rate);
        BinaryPrimitives.WriteInt32LittleEndian(to[28..], format.Rate * format.BytesPerFrame);
        BinaryPrimitives.WriteUInt16LittleEndian(to[32..], (ushort)format.BytesPerFrame);
        BinaryPrimitives.WriteUInt16LittleEndian(to[34..], (ushort)(8 * format.BytesPerSample));
        BinaryPrimitives.WriteUInt16LittleEndian(to[36..], ExtensionLength);
        BinaryPrimitives.WriteUInt16LittleEndian(to[38..], ValidBits(format.Sample));
        BinaryPrimitives.WriteUInt32LittleEndian(to[40..], Speakers(format.Channels));
        BinaryPrimitives.WriteUInt16LittleEndian(to[44..], (ushort)(format.Sample == SoundSample.Floating ? 3 : 1));
        SubtypeTail.CopyTo(to[46..]);
        "data"u8.CopyTo(to[60..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to[64..], (uint)length);
    }

    private static ushort ValidBits(SoundSample sample) => sample switch
    {
        SoundSample.Signed16 => 16,
        SoundSample.Signed24 => 24,
        _ => 32,
    };

    private static uint Speakers(int channels) => channels switch
    {
        1 => 0x4,
        2 => 0x3,
        4 => 0x33,
        _ => 0x3F,
    };
}
