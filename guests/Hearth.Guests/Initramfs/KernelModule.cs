namespace Hearth.Guests.Initramfs;

/// <summary>A module as insmod takes it: its name with underscores, its bytes uncompressed.</summary>
public sealed record KernelModule(string Name, byte[] Content);
