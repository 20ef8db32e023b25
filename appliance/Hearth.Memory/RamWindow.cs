using System.Buffers;
using Hearth.Linux;

namespace Hearth.Memory;

/// <summary>A stretch of guest RAM as <see cref="Memory{T}"/>, whose length is an <see cref="int"/>.</summary>
/// <remarks>Windows overlap: whatever is at most <see cref="Distance"/> long lies whole in the one it begins in.</remarks>
internal sealed unsafe class RamWindow : MemoryManager<byte>
{
    /// <summary>Bytes from the start of one window to the start of the next.</summary>
    public const int Distance = 1 << 30;

    private readonly byte* _start;
    private readonly int _length;

    private RamWindow(byte* start, int length)
    {
        _start = start;
        _length = length;
    }

    /// <param name="memory">Stays mapped while a window is in use.</param>
    public static RamWindow[] Over(MappedMemory memory)
    {
        var windows = new RamWindow[(int)((memory.Length + Distance - 1) / Distance)];
        for (int i = 0; i < windows.Length; i++)
        {
            nuint start = (nuint)i * Distance;
            windows[i] = new RamWindow(memory.Address + start, (int)Math.Min(memory.Length - start, int.MaxValue));
        }

        return windows;
    }

    // SAFETY: the stretch lies in the mapping, which outlives its users.
    public override Span<byte> GetSpan() => new(_start, _length);

    /// <summary>It never moves.</summary>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
