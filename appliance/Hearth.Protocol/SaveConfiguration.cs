namespace Hearth.Protocol;

/// <summary>Where a guest is saved. The file has no name until the state is complete, so an unfinished one vanishes.</summary>
/// <param name="Descriptor">The nameless file.</param>
/// <param name="Directory">The descriptor of the directory that gets it.</param>
/// <param name="Name">Its name there.</param>
public sealed record SaveConfiguration(int Descriptor, int Directory, string Name);
