using System.Buffers.Binary;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Sound;

/// <summary>
/// The shared-memory ring of one stream that a guest plays: records, each with a head of 16 bytes (kind, bytes that follow; for a start rate,
/// channels and sample), in the order in which things happened. Whoever plays them says so in a word, and counts what it lacked in another.
/// </summary>
internal sealed class SoundRing : IDisposable
{
    public const int HeadLength = 16;

    /// <summary>The longest record's frames, in bytes.</summary>
    public const int LongestRecord = 1 << 14;

    /// <summary>Frames of 5.1 at 192 kHz for nearly a second.</summary>
    private const int Capacity = 1 << 22;

    private const int PullerWord = 0;
    private const int UnderrunWord = 1;
    private const int LostWord = 2;

    private readonly SharedRing _ring;
    private readonly byte[] _record = new byte[HeadLength + LongestRecord];
    private readonly byte[] _head = new byte[HeadLength];
    private int _left;

    public SoundRing(string name) => _ring = SharedRing.Create(name, Capacity);

    /// <summary>A card takes frames by its own clock, which the guest follows then. Set by who pulls.</summary>
    public bool IsPulled
    {
        get => _ring.GetWord(PullerWord) != 0;
        set => _ring.SetWord(PullerWord, value ? 1 : 0);
    }

    /// <summary>How often the host's card found too little. Counted by who pulls.</summary>
    public long Underruns
    {
        get => _ring.GetWord(UnderrunWord);
        set => _ring.SetWord(UnderrunWord, value);
    }

    /// <summary>Bytes that found no room. Counted by who fills.</summary>
    public long Lost
    {
        get => _ring.GetWord(LostWord);
        private set => _ring.SetWord(LostWord, value);
    }

    /// <summary>Bytes in the ring, as who fills it sees it.</summary>
    public int Fill => _ring.Capacity - _ring.Room;

    public void WriteStart(in SoundFormat format) => Write(SoundRecord.Start, format, []);

    public void WriteStop() => Write(SoundRecord.Stop, default, []);

    public void WriteFrames(ReadOnlySpan<byte> frames)
    {
        while (!frames.IsEmpty)
        {
            int part = Math.Min(frames.Length, LongestRecord);
            Write(SoundRecord.Frames, default, frames[..part]);
            frames = frames[part..];
        }
    }

    /// <summary>Takes the next record, or the rest of the frames of one that was not read to its end.</summary>
    /// <param name="format">That of a start.</param>
    /// <param name="frames">Gets frames.</param>
    /// <param name="count">Bytes of frames.</param>
    /// <returns>False when there is none.</returns>
    public bool TryRead(out SoundRecord kind, out SoundFormat format, Span<byte> frames, out int count)
    {
        kind = SoundRecord.Frames;
        format = default;
        count = 0;
        if (_left == 0)
        {
            // A record is written at once: where its head is, all of it is.
            if (_ring.Available < HeadLength || _ring.Read(_head) < HeadLength)
                return false;
            kind = (SoundRecord)_head[0];
            _left = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(_head.AsSpan(4)), 0, LongestRecord);
            format = new SoundFormat(BinaryPrimitives.ReadInt32LittleEndian(_head.AsSpan(8)), _head[12], (SoundSample)_head[13]);
            if (kind != SoundRecord.Frames)
                return true;
        }

        count = _ring.Read(frames[..Math.Min(frames.Length, _left)]);
        _left -= count;
        return count != 0;
    }

    public void Dispose() => _ring.Dispose();

    private void Write(SoundRecord kind, in SoundFormat format, ReadOnlySpan<byte> frames)
    {
        Span<byte> record = _record.AsSpan(0, HeadLength + frames.Length);
        record[..HeadLength].Clear();
        record[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], frames.Length);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], format.Rate);
        record[12] = (byte)format.Channels;
        record[13] = (byte)format.Sample;
        frames.CopyTo(record[HeadLength..]);
        if (!_ring.TryWrite(record))
            Lost += frames.Length;
    }
}
