using System.Buffers.Binary;

namespace Hearth.Switch;

/// <summary>
/// Frames on their way to one port, each behind its length (32 bits, big-endian), as the stream has them. Each source may fill as much as is left free, so that one
/// that floods the port leaves room for all others (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998).
/// </summary>
internal sealed class FrameQueue
{
    public const int Capacity = 1 << 20;

    private const int LengthPrefix = sizeof(uint);
    private const int MostFrames = 16384;

    private readonly byte[] _bytes = new byte[Capacity];
    private readonly (int Source, int Left)[] _frames = new (int, int)[MostFrames];
    private readonly int[] _used = new int[SwitchRules.MostPorts];
    private int _start;
    private int _count;
    private int _firstFrame;
    private int _frameCount;

    public bool IsEmpty => _count == 0;

    /// <summary>The bytes to be sent next: all of them, or those up to the end of the buffer.</summary>
    public ReadOnlySpan<byte> Next => _bytes.AsSpan(_start, Math.Min(_count, Capacity - _start));

    /// <returns>False when there is no room for it.</returns>
    public bool TryAdd(int source, ReadOnlySpan<byte> frame)
    {
        int length = LengthPrefix + frame.Length;
        if (_frameCount == MostFrames || _used[source] + length > Capacity - _count - length)
            return false;
        Span<byte> prefix = stackalloc byte[LengthPrefix];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, (uint)frame.Length);
        Append(prefix);
        Append(frame);
        _used[source] += length;
        _frames[(_firstFrame + _frameCount++) % MostFrames] = (source, length);
        return true;
    }

    /// <summary>So many bytes of <see cref="Next"/> were sent.</summary>
    public void Remove(int count)
    {
        _start = (_start + count) % Capacity;
        _count -= count;
        while (count > 0)
        {
            ref (int Source, int Left) frame = ref _frames[_firstFrame];
            int part = Math.Min(frame.Left, count);
            frame.Left -= part;
            count -= part;
            _used[frame.Source] -= part;
            if (frame.Left != 0)
                return;
            _firstFrame = (_firstFrame + 1) % MostFrames;
            _frameCount--;
        }
    }

    public void Clear()
    {
        _start = 0;
        _count = 0;
        _firstFrame = 0;
        _frameCount = 0;
        Array.Clear(_used);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        int end = (_start + _count) % Capacity;
        int part = Math.Min(bytes.Length, Capacity - end);
        bytes[..part].CopyTo(_bytes.AsSpan(end));
        bytes[part..].CopyTo(_bytes);
        _count += bytes.Length;
    }
}
