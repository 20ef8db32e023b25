namespace Hearth.Vm.Boot;

/// <summary>What a machine without firmware starts with.</summary>
public sealed record BootRequest
{
    /// <summary>A bzImage, a PVH ELF file or a multiboot 1 kernel.</summary>
    public required BootImage Kernel { get; init; }

    public BootImage? Initrd { get; init; }

    public string CommandLine { get; init; } = "";

    public IReadOnlyList<BootModule> Modules { get; init; } = [];

    /// <summary>The guest-physical address of the ACPI root pointer; 0 when there is none.</summary>
    public ulong AcpiRootPointer { get; init; }

    /// <summary>The CPU model has long mode; without it a 64-bit bzImage is entered by the 32-bit protocol and says so itself.</summary>
    public bool LongMode { get; init; } = true;
}
