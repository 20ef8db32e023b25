using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Store;

/// <summary>
/// LiteDB's journal, in which changed pages follow one another until a checkpoint. LiteDB believes every page it finds there, and a power cut may leave half of one:
/// behind each page the file has a checksum, and the journal ends before the first page that does not match its own.
/// </summary>
/// <remarks>
/// <code>
/// frame 0                          frame 1
/// ├─ page, 8192 bytes ─┬─ check ─┤─ page, 8192 bytes ─┬─ check ─┤ …
///                      └ the first 16 bytes of SHA-256(frame number, 64 bits LE ‖ page)
/// </code>
/// </remarks>
internal sealed class JournalFile : PageStream
{
    private const int CheckSize = 16;
    private const int FrameSize = PageSize + CheckSize;

    private readonly SafeFileHandle _file;
    private readonly byte[] _frame = new byte[FrameSize];

    // Bytes as LiteDB counts them, without checksums.
    private long _length;

    public JournalFile(string path)
    {
        _file = PrivateFile.Open(path);
        _length = CountWhole(_file) * PageSize;
        RandomAccess.SetLength(_file, _length / PageSize * FrameSize);
    }

    public override long Length => _length;

    /// <summary>The pages that are whole, without touching the file.</summary>
    public static MemoryStream ReadPages(string path)
    {
        var pages = new MemoryStream();
        if (!File.Exists(path))
            return pages;
        using SafeFileHandle file = File.OpenHandle(path);
        long count = CountWhole(file);
        var page = new byte[PageSize];
        for (long index = 0; index < count && RandomAccess.Read(file, page, index * FrameSize) == PageSize; index++)
            pages.Write(page);
        return pages;
    }

    public override int Read(Span<byte> buffer)
    {
        (long index, int within) = PlaceOf(Position);
        int count = (int)Math.Min(Math.Min(buffer.Length, PageSize - within), _length - Position);
        if (count <= 0)
            return 0;
        count = RandomAccess.Read(_file, buffer[..count], (index * FrameSize) + within);
        Position += count;
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        (long index, int within) = PlaceOf(Position);
        if (within != 0 || buffer.Length != PageSize)
            throw new IOException("the journal takes whole pages only");
        buffer.CopyTo(_frame);
        ComputeCheck(index, buffer, _frame.AsSpan(PageSize));
        RandomAccess.Write(_file, _frame, index * FrameSize);
        Position += PageSize;
        _length = Math.Max(_length, Position);
    }

    public override void SetLength(long value)
    {
        RandomAccess.SetLength(_file, value / PageSize * FrameSize);
        _length = value;
    }

    public override void Flush() => RandomAccess.FlushToDisk(_file);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }

    private static long CountWhole(SafeFileHandle file)
    {
        var frame = new byte[FrameSize];
        Span<byte> check = stackalloc byte[CheckSize];
        long index = 0;
        while (RandomAccess.Read(file, frame, index * FrameSize) == FrameSize)
        {
            ComputeCheck(index, frame.AsSpan(0, PageSize), check);
            if (!check.SequenceEqual(frame.AsSpan(PageSize)))
                break;
            index++;
        }

        return index;
    }

    private static void ComputeCheck(long index, ReadOnlySpan<byte> page, Span<byte> check)
    {
        Span<byte> input = stackalloc byte[sizeof(long) + PageSize];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64LittleEndian(input, index);
        page.CopyTo(input[sizeof(long)..]);
        SHA256.HashData(input, hash);
        hash[..CheckSize].CopyTo(check);
    }

    private static (long Index, int Within) PlaceOf(long position) => (position / PageSize, (int)(position % PageSize));
}
