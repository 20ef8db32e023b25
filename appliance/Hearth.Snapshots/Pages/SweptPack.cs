namespace Hearth.Snapshots.Pages;

/// <summary>A pack, and what of it is needed.</summary>
/// <param name="End">Bytes that are looked at.</param>
/// <param name="Needed">Where the chunks below that begin that are needed.</param>
internal sealed record SweptPack(Pack Pack, long End, IReadOnlySet<long> Needed);
