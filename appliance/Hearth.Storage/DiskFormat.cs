namespace Hearth.Storage;

/// <summary>How a file holds a disk.</summary>
public enum DiskFormat
{
    Raw,
    Qcow2,
}
