namespace Hearth.Vm.Boot;

/// <summary>A file handed to a PVH or multiboot kernel.</summary>
/// <param name="CommandLine">The string that goes with it; by custom the file's name and its arguments.</param>
public sealed record BootModule(BootImage Image, string CommandLine);
