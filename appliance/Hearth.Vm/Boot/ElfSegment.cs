namespace Hearth.Vm.Boot;

/// <summary>A program header (System V gABI, chapter 5).</summary>
/// <param name="Offset">Of its bytes in the file.</param>
/// <param name="Address">Physical.</param>
/// <param name="FileLength">Bytes in the file.</param>
/// <param name="Length">Bytes in memory; what the file has not is zero.</param>
internal readonly record struct ElfSegment(uint Type, ulong Offset, ulong VirtualAddress, ulong Address, ulong FileLength, ulong Length)
{
    public const uint Load = 1;
    public const uint Note = 4;
}
