namespace Hearth.Protocol;

/// <summary>A file below a disk's image: what that does not have is read from here.</summary>
/// <param name="Format"><c>raw</c> or <c>qcow2</c>.</param>
public sealed record BackingConfiguration(OpenFile File, string Format);
