using System.Numerics;
using System.Runtime.CompilerServices;

namespace Hearth.Cpu.Software;

/// <summary>
/// The soft TLB's tables in <see cref="VcpuState"/>, which generated code reads. Per mode four arrays of
/// <see cref="VcpuState.TlbEntries"/> words: read tags, write tags, addends, infos.
/// </summary>
/// <remarks>
/// A tag is minus the page number, so that page number plus tag is zero on a hit. Most entries are filled by machine code
/// (see <see cref="TlbMissStub"/>), the others here. Bitmaps of the occupied slots make a
/// flush cost what was filled, not what the tables hold: a kernel without PCID flushes at every switch of address space.
/// </remarks>
internal sealed unsafe class SoftTlb
{
    /// <summary>A tag that no page number answers: page numbers have at most 52 bits.</summary>
    public const ulong InvalidTag = 1;

    public const ulong InfoGlobal = 1 << 0;
    public const ulong InfoExecutable = 1 << 1;
    public const int InfoScaleShift = 2;
    private const ulong InfoScaleMask = 3UL << InfoScaleShift;

    private const int WordsPerMode = VcpuState.TlbEntries / 64;
    private const int WordsPerTable = VcpuState.TlbBytesPerMode / 8;

    private readonly ulong* _tables;
    private readonly ulong* _local;
    private readonly ulong* _global;
    private readonly ulong* _large;
    private readonly VcpuState* _state;

    public SoftTlb(VcpuState* state)
    {
        _state = state;
        _local = state->TlbLocal;
        _global = state->TlbGlobal;
        _large = state->TlbLarge;

        // SAFETY: the tables lie within the state block (VcpuState.TlbOffset and Size).
        _tables = (ulong*)((byte*)state + VcpuState.TlbOffset);
        for (int mode = 0; mode < TlbMode.Count; mode++)
            new Span<ulong>(ReadTags(mode), VcpuState.TlbEntries * 2).Fill(InvalidTag);
    }

    /// <summary>The host address of a byte that may be read, or null when the page has no entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* ReadPointer(ulong linear, int mode)
    {
        int slot = Slot(linear);
        return (linear >> 12) + ReadTags(mode)[slot] == 0 ? (byte*)(linear + Addends(mode)[slot]) : null;
    }

    /// <summary>The host address of a byte that may be written without telling anybody, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* WritePointer(ulong linear, int mode)
    {
        int slot = Slot(linear);
        return (linear >> 12) + WriteTags(mode)[slot] == 0 ? (byte*)(linear + Addends(mode)[slot]) : null;
    }

    /// <summary>The physical address of an access that an entry allows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPhysical(ulong linear, MemoryAccess access, int mode, out ulong physical)
    {
        int slot = Slot(linear);
        ulong* tags = access == MemoryAccess.Write ? WriteTags(mode) : ReadTags(mode);
        ulong info = Infos(mode)[slot];
        physical = (info & ~0xFFFUL) | (linear & 0xFFF);
        return (linear >> 12) + tags[slot] == 0 && (access != MemoryAccess.Execute || (info & InfoExecutable) != 0);
    }

    public bool IsGlobal(ulong linear, int mode)
    {
        int slot = Slot(linear);
        return (linear >> 12) + ReadTags(mode)[slot] == 0 && (Infos(mode)[slot] & InfoGlobal) != 0;
    }

    /// <summary>False when an entry says that the page has 4 KiB.</summary>
    public bool IsLarge(ulong linear, int mode)
    {
        int slot = Slot(linear);
        return (linear >> 12) + ReadTags(mode)[slot] != 0 || (Infos(mode)[slot] & InfoScaleMask) != 0;
    }

    /// <param name="hostPage">The host address of the page.</param>
    /// <param name="writable">Writes may go past C#.</param>
    public void Fill(ulong linear, int mode, in PageTranslation translation, byte* hostPage, bool writable)
    {
        int slot = Slot(linear);
        ulong tag = 0 - (linear >> 12);
        ReadTags(mode)[slot] = tag;
        WriteTags(mode)[slot] = writable ? tag : InvalidTag;
        Addends(mode)[slot] = (ulong)hostPage - (linear & ~0xFFFUL);
        Infos(mode)[slot] = translation.Physical | (translation.Global ? InfoGlobal : 0) |
            (translation.Executable ? InfoExecutable : 0) | ((ulong)translation.Scale << InfoScaleShift);

        int word = Word(mode, slot);
        ulong bit = 1UL << slot;
        _local[word] = translation.Global ? _local[word] & ~bit : _local[word] | bit;
        _global[word] = translation.Global ? _global[word] | bit : _global[word] & ~bit;
        if (translation.Scale == PageScale.Page4K)
        {
            _large[word] &= ~bit;
        }
        else
        {
            _large[word] |= bit;
            _state->TlbLargeRegions |= Region(linear);
        }
    }

    public void Flush()
    {
        FlushLocal();
        Invalidate(_global);
        _state->TlbLargeRegions = 0;
    }

    /// <summary>Drops everything but global pages.</summary>
    public void FlushLocal() => Invalidate(_local);

    /// <summary>Drops the page of any size around an address.</summary>
    public void FlushPage(ulong linear)
    {
        int slot = Slot(linear);
        for (int mode = 0; mode < TlbMode.Count; mode++)
        {
            if ((linear >> 12) + ReadTags(mode)[slot] == 0)
                Invalidate(mode, slot);
            if ((_state->TlbLargeRegions & Region(linear)) != 0)
                FlushLargePage(linear, mode);
        }
    }

    /// <summary>Makes writes to a physical page take the slow path.</summary>
    public void FlushWriteTags(ulong physicalPage)
    {
        physicalPage &= ~0xFFFUL;
        for (int mode = 0; mode < TlbMode.Count; mode++)
        {
            for (int word = 0; word < WordsPerMode; word++)
            {
                int at = (mode * WordsPerMode) + word;
                for (ulong bits = _local[at] | _global[at]; bits != 0; bits &= bits - 1)
                {
                    int slot = (word * 64) + BitOperations.TrailingZeroCount(bits);
                    if ((Infos(mode)[slot] & ~0xFFFUL) == physicalPage)
                        WriteTags(mode)[slot] = InvalidTag;
                }
            }
        }
    }

    private void FlushLargePage(ulong linear, int mode)
    {
        for (int word = 0; word < WordsPerMode; word++)
        {
            for (ulong bits = _large[(mode * WordsPerMode) + word]; bits != 0; bits &= bits - 1)
            {
                int slot = (word * 64) + BitOperations.TrailingZeroCount(bits);
                int shift = (Infos(mode)[slot] & InfoScaleMask) switch
                {
                    (ulong)PageScale.Page2M << InfoScaleShift => 21,
                    (ulong)PageScale.Page4M << InfoScaleShift => 22,
                    _ => 30,
                };
                ulong page = (0 - ReadTags(mode)[slot]) << 12;
                if ((page ^ linear) >> shift == 0)
                    Invalidate(mode, slot);
            }
        }
    }

    private void Invalidate(int mode, int slot)
    {
        ReadTags(mode)[slot] = InvalidTag;
        WriteTags(mode)[slot] = InvalidTag;
        int word = Word(mode, slot);
        ulong keep = ~(1UL << slot);
        _local[word] &= keep;
        _global[word] &= keep;
        _large[word] &= keep;
    }

    private void Invalidate(ulong* occupied)
    {
        for (int at = 0; at < VcpuState.TlbBitmapWords; at++)
        {
            ulong bits = occupied[at];
            if (bits == 0)
                continue;
            occupied[at] = 0;
            _large[at] &= ~bits;
            ulong* tags = ReadTags(at / WordsPerMode) + (at % WordsPerMode * 64);
            for (; bits != 0; bits &= bits - 1)
            {
                int slot = BitOperations.TrailingZeroCount(bits);
                tags[slot] = InvalidTag;
                tags[slot + VcpuState.TlbEntries] = InvalidTag;
            }
        }
    }

    private static ulong Region(ulong linear) => 1UL << (int)((linear >> 30) & 63);

    private static int Slot(ulong linear) => (int)(linear >> 12) & (VcpuState.TlbEntries - 1);

    private static int Word(int mode, int slot) => (mode * WordsPerMode) + (slot / 64);

    private ulong* ReadTags(int mode) => _tables + (mode * WordsPerTable);

    private ulong* WriteTags(int mode) => ReadTags(mode) + VcpuState.TlbEntries;

    private ulong* Addends(int mode) => ReadTags(mode) + (2 * VcpuState.TlbEntries);

    private ulong* Infos(int mode) => ReadTags(mode) + (3 * VcpuState.TlbEntries);
}
