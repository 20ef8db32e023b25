using Hearth.Machine;

namespace Hearth.Vm.Running;

internal enum AccessKind : byte
{
    PortRead,
    PortWrite,
    MemoryRead,
    MemoryWrite,
}

/// <summary>A port or memory-mapped access of a vCPU.</summary>
internal readonly record struct TracedAccess(AccessKind Kind, AccessWidth Width, ulong Address, ulong Value);

/// <summary>The last accesses of one vCPU. Written by its thread; read once that stands still.</summary>
internal sealed class AccessTrace
{
    private const int Length = 16;

    private readonly TracedAccess[] _entries = new TracedAccess[Length];
    private uint _next;

    /// <summary>Oldest first.</summary>
    public IEnumerable<TracedAccess> Entries
    {
        get
        {
            uint next = _next;
            for (uint i = next > Length ? next - Length : 0; i < next; i++)
                yield return _entries[i % Length];
        }
    }

    public void Add(AccessKind kind, ulong address, AccessWidth width, ulong value) =>
        _entries[_next++ % Length] = new TracedAccess(kind, width, address, value);
}
