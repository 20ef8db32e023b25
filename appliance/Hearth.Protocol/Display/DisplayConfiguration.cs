namespace Hearth.Protocol;

/// <summary>A guest's graphics card and the screens it has.</summary>
/// <param name="Card"><c>std</c> for VGA with Bochs VBE, which has one screen, or <c>virtio</c>.</param>
/// <param name="Wanted">An event (eventfd(2)), signalled by whoever looks: for the next change that there is, and after writing a wish.</param>
/// <param name="Scanouts">1 to 4.</param>
public sealed record DisplayConfiguration(string Card, int Wanted, IReadOnlyList<ScanoutConfiguration> Scanouts)
{
    /// <summary>The VGA BIOS; null for none.</summary>
    public OpenFile? Firmware { get; init; }

    /// <summary>A socket whose other end somebody has who wants to see the last picture: it gets a byte when that is there, and its end is waited for.</summary>
    public int? LastViewer { get; init; }
}
