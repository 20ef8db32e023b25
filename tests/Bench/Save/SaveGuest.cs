namespace Hearth.Bench.Save;

/// <summary>A guest of a row.</summary>
/// <param name="Name">Of letters.</param>
/// <param name="FillDisk">A raw image that the guest only reads, after its other disks; null for none.</param>
internal sealed record SaveGuest(string Name, GuestConfiguration Configuration, string? FillDisk);
