namespace Hearth.Protocol;

/// <summary>A disk on a raw image.</summary>
/// <param name="Bus">What the guest sees it on: <c>virtio</c> or <c>ide</c>.</param>
public sealed record DiskConfiguration(OpenFile File, bool IsReadOnly, string Bus = DiskConfiguration.Virtio)
{
    public const string Virtio = "virtio";
    public const string Ide = "ide";
}
