namespace Hearth.Storage.Qcow2;

/// <summary>How compressed clusters are compressed (qcow2 specification, "Additional fields").</summary>
internal enum Qcow2Compression : byte
{
    /// <summary>Raw deflate.</summary>
    Zlib = 0,

    Zstd = 1,
}
