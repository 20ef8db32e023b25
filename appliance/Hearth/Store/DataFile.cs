using Microsoft.Win32.SafeHandles;

namespace Hearth.Store;

/// <summary>The store's pages. LiteDB writes to them at a checkpoint alone, when the journal has everything on stable storage, and flushes before it empties the journal.</summary>
internal sealed class DataFile(string path) : PageStream
{
    private readonly SafeFileHandle _file = PrivateFile.Open(path);

    public override long Length => RandomAccess.GetLength(_file);

    public override int Read(Span<byte> buffer)
    {
        int count = RandomAccess.Read(_file, buffer, Position);
        Position += count;
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        RandomAccess.Write(_file, buffer, Position);
        Position += buffer.Length;
    }

    public override void SetLength(long value) => RandomAccess.SetLength(_file, value);

    public override void Flush() => RandomAccess.FlushToDisk(_file);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }
}
