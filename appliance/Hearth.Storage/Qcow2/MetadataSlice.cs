namespace Hearth.Storage.Qcow2;

/// <summary>A piece of a table, as it is or will be in the file.</summary>
internal sealed class MetadataSlice(int length)
{
    /// <summary>Where it lies in the file: bytes.</summary>
    public long Offset { get; set; } = -1;

    public byte[] Data { get; } = new byte[length];

    /// <summary>Not in the file yet.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Looked at since the clock's hand came by.</summary>
    public bool IsRecent { get; set; }
}
