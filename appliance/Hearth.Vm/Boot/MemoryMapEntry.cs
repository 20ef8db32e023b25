namespace Hearth.Vm.Boot;

/// <summary>One line of the memory map a kernel is given. The types are those of ACPI's INT 15h E820 (ACPI 6.5, table 15.5).</summary>
internal readonly record struct MemoryMapEntry(MemoryRange Range, uint Type)
{
    public const uint Usable = 1;
    public const uint Reserved = 2;
}
