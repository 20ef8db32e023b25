namespace Hearth.Storage.Qcow2;

internal enum ExtentKind
{
    /// <summary>What the backing file has, or zeros without one.</summary>
    Unallocated,

    /// <summary>Zeros, whatever the backing file has.</summary>
    Zero,

    /// <summary>Bytes of this file.</summary>
    Data,

    /// <summary>One compressed cluster.</summary>
    Compressed,
}

/// <summary>How a run of the disk is kept.</summary>
/// <param name="HostOffset">Where <see cref="ExtentKind.Data"/> begin in the file: bytes.</param>
/// <param name="Length">Bytes of the disk.</param>
/// <param name="IsWritable">Data that nothing else refers to, so they can be changed where they are.</param>
/// <param name="Entry">The L2 entry of the first cluster.</param>
internal readonly record struct Extent(ExtentKind Kind, long HostOffset, long Length, bool IsWritable, ulong Entry);
