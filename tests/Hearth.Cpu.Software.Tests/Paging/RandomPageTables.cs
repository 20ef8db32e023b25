namespace Hearth.Cpu.Software.Tests;

/// <summary>Writes one random path through the page tables of any mode; most of it is legal, some of it is not.</summary>
internal sealed class RandomPageTables(Random random, SystemMachine machine)
{
    private const ulong FirstTable = 0x20_0000;

    public bool Pae { get; init; }

    public bool LongMode { get; init; }

    /// <summary>The entries of the path, the leaf last.</summary>
    public List<ulong> Entries { get; } = [];

    public ulong Write(ulong linear)
    {
        ulong table = FirstTable;
        int levels = LongMode ? 4 : Pae ? 3 : 2;
        for (int level = levels; level >= 1; level--)
        {
            int bits = Pae ? 9 : 10;
            ulong index = (linear >> (12 + (bits * (level - 1)))) & ((1UL << bits) - 1);
            if (Pae && !LongMode && level == 3)
                index &= 3;
            ulong next = table + 0x1000;
            ulong at = table + (index * (Pae ? 8u : 4u));
            machine.Write(at, Pae ? 8 : 4, Flags(level) | (level == 1 ? (ulong)random.Next(0x700) << 12 : next));
            Entries.Add(at);
            table = next;
        }

        return FirstTable;
    }

    private ulong Flags(int level)
    {
        bool isPointer = Pae && !LongMode && level == 3;
        ulong flags = isPointer ? 1 : 7UL & ~(Often(6) << 1) & ~(Often(6) << 2);
        flags &= ~Often(12);
        if (!isPointer)
            flags |= (Often(2) << 5) | (Often(2) << 6) | (Often(3) << 8) | (Pae ? Often(4) << 63 : 0);
        if (level is 2 or 3 && Often(4) == 1)
            flags |= 1 << 7;
        if (Often(15) == 1)
            flags |= 1UL << random.Next(Pae ? 64 : 22);
        return flags;
    }

    /// <summary>1 in one of n cases.</summary>
    private ulong Often(int n) => random.Next(n) == 0 ? 1UL : 0;
}
