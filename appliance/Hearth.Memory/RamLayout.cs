namespace Hearth.Memory;

/// <summary>Guest RAM in the host's memory; high RAM follows the low one there.</summary>
/// <param name="Start">The host address of guest-physical 0.</param>
/// <param name="Flags">The host address of the first page's flags, a byte a page in the order of the host's memory.</param>
/// <param name="LowLength">Bytes from guest-physical 0, the video hole included.</param>
/// <param name="HighLength">Bytes from <see cref="GuestRam.HighStart"/>.</param>
public readonly record struct RamLayout(nint Start, nint Flags, ulong LowLength, ulong HighLength);
