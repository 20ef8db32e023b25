namespace Hearth.Fuzz.State;

/// <summary>A piece of memory that a program may touch, at the same linear address on the host and in the guest.</summary>
/// <param name="Offset">Bytes into the memory image.</param>
internal sealed record MemoryArea(string Name, ulong Address, int Offset, int Length, bool Writable, bool Executable)
{
    public ulong End => Address + (ulong)Length;

    public bool Contains(ulong address) => address - Address < (ulong)Length;
}
