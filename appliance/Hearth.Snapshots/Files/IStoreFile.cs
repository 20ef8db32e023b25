namespace Hearth.Snapshots.Files;

/// <summary>A file of the store. From any thread; no range of it is written to by one while another one reads or writes it. What goes wrong is a <see cref="SnapshotException"/>.</summary>
internal interface IStoreFile : IDisposable
{
    /// <summary>Bytes.</summary>
    long Length { get; }

    /// <summary>Reads bytes that are there, all of them.</summary>
    void Read(Span<byte> to, long offset);

    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Brings what was written to stable storage.</summary>
    void Synchronize();

    /// <summary>Gives a range back to the file system where that can be done. It may read as zeros from then on.</summary>
    void PunchHole(long offset, long length);
}
