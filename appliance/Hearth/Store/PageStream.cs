namespace Hearth.Store;

/// <summary>
/// A file of whole pages as LiteDB's engine asks for it: positions and lengths are multiples of a page, and a flush is over when stable storage has everything.
/// Calls come one after the other.
/// </summary>
internal abstract class PageStream : Stream
{
    /// <summary>LiteDB's, in bytes.</summary>
    public const int PageSize = 8192;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Position { get; set; }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public abstract override int Read(Span<byte> buffer);

    public abstract override void Write(ReadOnlySpan<byte> buffer);
}
