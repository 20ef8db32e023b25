namespace Hearth.Memory;

/// <summary>A contiguous piece of guest RAM.</summary>
/// <param name="Start">Guest-physical address.</param>
/// <param name="Length">Bytes, a multiple of the page size.</param>
/// <param name="Offset">Bytes into the memory file.</param>
public readonly record struct RamSlot(ulong Start, ulong Length, ulong Offset);
