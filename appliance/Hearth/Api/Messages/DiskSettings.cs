using Hearth.House;

namespace Hearth.Api.Messages;

/// <summary>A disk of a guest.</summary>
/// <param name="Path">The image, from the root.</param>
/// <param name="Format"><c>raw</c> or <c>qcow2</c>; absent where it is to be recognised.</param>
/// <param name="Bus"><c>virtio</c>, which is usual, or <c>ide</c>.</param>
internal sealed record DiskSettings(string Path, string? Format = null, string? Bus = null, bool ReadOnly = false)
{
    public static DiskSettings Of(GuestDisk disk) => new(disk.Path, disk.Format, disk.Bus, disk.IsReadOnly);

    public GuestDisk ToDisk()
    {
        var plain = new GuestDisk(Path, Format, IsReadOnly: ReadOnly);
        return Bus is null ? plain : plain with { Bus = Bus };
    }
}
