namespace Hearth.Protocol;

/// <summary>A virtio disk on an image.</summary>
public sealed record DiskConfiguration(OpenFile File, bool IsReadOnly)
{
    /// <summary><c>raw</c> or <c>qcow2</c>.</summary>
    public string Format { get; init; } = "raw";

    /// <summary>Nobody said what format the image has: it was recognised by its first bytes.</summary>
    public bool IsRecognised { get; init; }

    /// <summary>The backing files below it, in order.</summary>
    public IReadOnlyList<BackingConfiguration> Backing { get; init; } = [];
}
