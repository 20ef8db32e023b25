using Hearth.Protocol;

namespace Hearth.House;

/// <summary>A disk of a guest.</summary>
/// <param name="Path">The image, from the root.</param>
/// <param name="Format"><c>raw</c> or <c>qcow2</c>; null where it is to be recognised.</param>
/// <param name="Bus"><see cref="DiskConfiguration.Virtio"/> or <see cref="DiskConfiguration.Ide"/>.</param>
internal sealed record GuestDisk(string Path, string? Format = null, string Bus = DiskConfiguration.Virtio, bool IsReadOnly = false)
{
    /// <summary>As <c>--disk</c> has it (<see cref="Launch.DiskOption"/>).</summary>
    public string ToOption() => $"{Path}{(Format is null ? "" : $",format={Format}")},bus={Bus}{(IsReadOnly ? ",readonly" : "")}";
}
