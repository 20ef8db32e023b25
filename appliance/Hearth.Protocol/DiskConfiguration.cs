namespace Hearth.Protocol;

/// <summary>A disk on an image.</summary>
/// <param name="Bus">What the guest sees it on: <c>virtio</c> or <c>ide</c>.</param>
public sealed record DiskConfiguration(OpenFile File, bool IsReadOnly, string Bus = DiskConfiguration.Virtio)
{
    public const string Virtio = "virtio";
    public const string Ide = "ide";

    /// <summary><c>raw</c> or <c>qcow2</c>.</summary>
    public string Format { get; init; } = "raw";

    /// <summary>Nobody said what format the image has: it was recognised by its first bytes.</summary>
    public bool IsRecognised { get; init; }

    /// <summary>The backing files below it, in order.</summary>
    public IReadOnlyList<BackingConfiguration> Backing { get; init; } = [];
}
