using System.Buffers;
using System.Runtime.CompilerServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>Pieces of memory as the kernel takes them, held where they are until it is disposed. Lies on the stack, where nothing moves it.</summary>
internal unsafe ref struct PinnedVectors : IDisposable
{
    /// <summary>Pieces at once: enough for what is scattered, and not too much to clear for one piece.</summary>
    public const int Capacity = 64;

    private readonly int _taken;
    private int _first;
    private Vectors _vectors;
    private Handles _handles;

    /// <summary>Takes the first <see cref="Capacity"/> pieces at most.</summary>
    public PinnedVectors(scoped ReadOnlySpan<Memory<byte>> pieces)
    {
        _taken = Math.Min(pieces.Length, Capacity);
        for (int i = 0; i < _taken; i++)
        {
            _handles[i] = pieces[i].Pin();
            _vectors[i] = new Libc.IoVector { iov_base = (byte*)_handles[i].Pointer, iov_len = (nuint)pieces[i].Length };
            Length += pieces[i].Length;
        }
    }

    /// <summary>Pieces taken.</summary>
    public readonly int Taken => _taken;

    /// <summary>Bytes taken.</summary>
    public long Length { get; }

    /// <summary>Pieces still to go.</summary>
    public readonly int Count => _taken - _first;

    // SAFETY: a ref struct does not leave the stack; index Capacity at most, one past the last.
    public Libc.IoVector* First => (Libc.IoVector*)Unsafe.AsPointer(ref _vectors) + _first;

    /// <summary>So many bytes are done.</summary>
    public void Advance(nint bytes)
    {
        nuint left = (nuint)bytes;
        while (_first < _taken && left >= _vectors[_first].iov_len)
            left -= _vectors[_first++].iov_len;
        if (left == 0)
            return;
        _vectors[_first].iov_base += left;
        _vectors[_first].iov_len -= left;
    }

    public void Dispose()
    {
        for (int i = 0; i < _taken; i++)
            _handles[i].Dispose();
    }

    [InlineArray(Capacity)]
    private struct Vectors
    {
        private Libc.IoVector _first;
    }

    [InlineArray(Capacity)]
    private struct Handles
    {
        private MemoryHandle _first;
    }
}
