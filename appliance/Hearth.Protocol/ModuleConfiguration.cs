namespace Hearth.Protocol;

/// <summary>A module for a PVH or multiboot kernel.</summary>
/// <param name="CommandLine">The string that goes with it: by custom the file's name and its arguments.</param>
public sealed record ModuleConfiguration(OpenFile File, string CommandLine);
