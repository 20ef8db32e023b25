namespace Hearth.Storage;

/// <summary>A part of a request's scattered buffers: what lies between two offsets of all of them in a row.</summary>
/// <param name="Pieces">All of the request's pieces.</param>
/// <param name="Skip">Bytes of them before the part.</param>
/// <param name="Length">Bytes of the part; the pieces have as many behind <paramref name="Skip"/>.</param>
internal readonly record struct BufferWindow(ReadOnlyMemory<Memory<byte>> Pieces, long Skip, long Length)
{
    public BufferWindow Slice(long skip, long length) => new(Pieces, Skip + skip, length);

    /// <summary>Writes zeros to all of it.</summary>
    public void Clear()
    {
        var walk = new Walk(this);
        while (walk.TryNext(out Memory<byte> piece))
            piece.Span.Clear();
    }

    /// <summary>Writes to all of it.</summary>
    /// <param name="from">As long as the window.</param>
    public void Fill(ReadOnlySpan<byte> from)
    {
        var walk = new Walk(this);
        while (walk.TryNext(out Memory<byte> piece))
        {
            from[..piece.Length].CopyTo(piece.Span);
            from = from[piece.Length..];
        }
    }

    /// <summary>Reads all of it.</summary>
    /// <param name="to">As long as the window.</param>
    public void CopyTo(Span<byte> to)
    {
        var walk = new Walk(this);
        while (walk.TryNext(out Memory<byte> piece))
        {
            piece.Span.CopyTo(to);
            to = to[piece.Length..];
        }
    }

    /// <summary>Goes over the pieces, cut to the window.</summary>
    public ref struct Walk(BufferWindow window)
    {
        private readonly ReadOnlySpan<Memory<byte>> _pieces = window.Pieces.Span;
        private long _skip = window.Skip;
        private long _left = window.Length;
        private int _next;

        public bool TryNext(out Memory<byte> piece)
        {
            piece = default;
            while (_left > 0 && piece.IsEmpty)
            {
                piece = _pieces[_next++];
                int skipped = (int)Math.Min(_skip, piece.Length);
                _skip -= skipped;
                piece = piece.Slice(skipped, (int)Math.Min(piece.Length - skipped, _left));
            }

            _left -= piece.Length;
            return !piece.IsEmpty;
        }
    }
}
