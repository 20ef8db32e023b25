using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Hearth.Cpu.Software;

/// <summary>One paging-structure entry as a walk read it.</summary>
internal unsafe struct WalkEntry
{
    public void* Host;
    public ulong Physical;
    public ulong Value;
}

/// <summary>The entries a walk went through, and what they add up to.</summary>
internal unsafe struct WalkPath
{
    private Entries _entries;

    public int Length { get; private set; }

    /// <summary>R/W and U/S, each only where every level has it.</summary>
    public ulong Rights { get; set; }

    /// <summary>The A bit, only where every level has it.</summary>
    public ulong AllAccessed { get; private set; }

    /// <summary>Some level forbids fetches.</summary>
    public bool NoExecute { get; private set; }

    /// <summary>The entry that maps the page.</summary>
    public ulong Leaf { get; private set; }

    /// <summary>Where the page begins.</summary>
    public ulong Physical { get; private set; }

    /// <summary>The binary logarithm of the page's size.</summary>
    public int Shift { get; private set; }

    [UnscopedRef]
    public ref WalkEntry this[int index] => ref _entries[index];

    public void Add(void* host, ulong physical, ulong value)
    {
        _entries[Length] = new WalkEntry { Host = host, Physical = physical, Value = value };
        AllAccessed = Length == 0 ? value : AllAccessed & value;
        Length++;
        Rights &= value;
        NoExecute |= (value & PageTableEntry.NoExecute) != 0;
    }

    public void Finish(ulong leaf, ulong physical, int shift)
    {
        Leaf = leaf;
        Physical = physical;
        Shift = shift;
    }

    [InlineArray(4)]
    private struct Entries
    {
        private WalkEntry _first;
    }
}
