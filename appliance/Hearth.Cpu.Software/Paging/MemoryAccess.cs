namespace Hearth.Cpu.Software;

/// <summary>What an access does to memory, as paging and segmentation tell it apart.</summary>
internal enum MemoryAccess
{
    Read,
    Write,
    Execute,
}
