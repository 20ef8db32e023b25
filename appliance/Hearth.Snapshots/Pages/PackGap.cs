namespace Hearth.Snapshots.Pages;

/// <summary>A range of a pack that nothing needs: bytes from its beginning.</summary>
internal readonly record struct PackGap(long Start, long End);
