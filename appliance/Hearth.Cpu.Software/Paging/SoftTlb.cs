using System.Numerics;
using System.Runtime.CompilerServices;

namespace Hearth.Cpu.Software;

/// <summary>
/// The soft TLB's tables in <see cref="VcpuState"/>, which generated code reads: <see cref="VcpuState.TlbEntries"/> of <see cref="TlbEntry"/> per mode.
/// </summary>
/// <remarks>
/// A tag is minus the address of the page, so that an address in it plus the tag is less than a page. Most entries are filled by machine code
/// (see <see cref="TlbMissStub"/>), the others here. Bitmaps of the occupied slots make a
/// flush cost what was filled, not what the tables hold: a kernel without PCID flushes at every switch of address space.
/// </remarks>
internal sealed unsafe class SoftTlb
{
    /// <summary>What the tag of an empty slot differs by, in its page number, from pages that select the slot or the next one.</summary>
    public const int InvalidPage = VcpuState.TlbEntries / 2;

    public const ulong InfoGlobal = 1 << 0;
    public const ulong InfoExecutable = 1 << 1;
    public const int InfoScaleShift = 2;
    private const ulong PageMask = ~0xFFFUL;
    private const ulong InfoScaleMask = 3UL << InfoScaleShift;

    private const int WordsPerMode = VcpuState.TlbEntries / 64;

    private readonly TlbEntry* _entries;
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
        _entries = (TlbEntry*)((byte*)state + VcpuState.TlbOffset);
        for (int mode = 0; mode < TlbMode.Count; mode++)
        {
            for (int slot = 0; slot < VcpuState.TlbEntries; slot++)
                SetInvalid(mode, slot);
        }
    }

    /// <summary>The host address of a byte that may be read, or null when the page has no entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* ReadPointer(ulong linear, int mode)
    {
        TlbEntry* entry = Entry(mode, Slot(linear));
        return (linear & PageMask) + entry->ReadTag == 0 ? (byte*)(linear + entry->Addend) : null;
    }

    /// <summary>The host address of a byte that may be written without telling anybody, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* WritePointer(ulong linear, int mode)
    {
        TlbEntry* entry = Entry(mode, Slot(linear));
        return (linear & PageMask) + entry->WriteTag == 0 ? (byte*)(linear + entry->Addend) : null;
    }

    /// <summary>The physical address of an access that an entry allows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPhysical(ulong linear, MemoryAccess access, int mode, out ulong physical)
    {
        TlbEntry* entry = Entry(mode, Slot(linear));
        ulong tag = access == MemoryAccess.Write ? entry->WriteTag : entry->ReadTag;
        physical = (entry->Info & PageMask) | (linear & ~PageMask);
        return (linear & PageMask) + tag == 0 && (access != MemoryAccess.Execute || (entry->Info & InfoExecutable) != 0);
    }

    public bool IsGlobal(ulong linear, int mode)
    {
        TlbEntry* entry = Entry(mode, Slot(linear));
        return (linear & PageMask) + entry->ReadTag == 0 && (entry->Info & InfoGlobal) != 0;
    }

    /// <summary>False when an entry says that the page has 4 KiB.</summary>
    public bool IsLarge(ulong linear, int mode)
    {
        TlbEntry* entry = Entry(mode, Slot(linear));
        return (linear & PageMask) + entry->ReadTag != 0 || (entry->Info & InfoScaleMask) != 0;
    }

    /// <param name="hostPage">The host address of the page.</param>
    /// <param name="writable">Writes may go past C#.</param>
    public void Fill(ulong linear, int mode, in PageTranslation translation, byte* hostPage, bool writable)
    {
        int slot = Slot(linear);
        TlbEntry* entry = Entry(mode, slot);
        entry->ReadTag = 0 - (linear & PageMask);
        entry->WriteTag = writable ? entry->ReadTag : InvalidTag(slot);
        entry->Addend = (ulong)hostPage - (linear & PageMask);
        entry->Info = translation.Physical | (translation.Global ? InfoGlobal : 0) |
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
            if ((linear & PageMask) + Entry(mode, slot)->ReadTag == 0)
                Invalidate(mode, slot);
            if ((_state->TlbLargeRegions & Region(linear)) != 0)
                FlushLargePage(linear, mode);
        }
    }

    /// <summary>Makes writes to a physical page take the slow path.</summary>
    public void FlushWriteTags(ulong physicalPage) => FlushWriteTags(PageMask, physicalPage & PageMask);

    /// <summary>Makes all writes take the slow path.</summary>
    public void FlushWriteTags() => FlushWriteTags(0, 0);

    private void FlushWriteTags(ulong infoMask, ulong info)
    {
        for (int mode = 0; mode < TlbMode.Count; mode++)
        {
            for (int word = 0; word < WordsPerMode; word++)
            {
                int at = (mode * WordsPerMode) + word;
                for (ulong bits = _local[at] | _global[at]; bits != 0; bits &= bits - 1)
                {
                    int slot = (word * 64) + BitOperations.TrailingZeroCount(bits);
                    if ((Entry(mode, slot)->Info & infoMask) == info)
                        Entry(mode, slot)->WriteTag = InvalidTag(slot);
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
                int shift = (Entry(mode, slot)->Info & InfoScaleMask) switch
                {
                    (ulong)PageScale.Page2M << InfoScaleShift => 21,
                    (ulong)PageScale.Page4M << InfoScaleShift => 22,
                    _ => 30,
                };
                if (((0 - Entry(mode, slot)->ReadTag) ^ linear) >> shift == 0)
                    Invalidate(mode, slot);
            }
        }
    }

    private void Invalidate(int mode, int slot)
    {
        SetInvalid(mode, slot);
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
            int mode = at / WordsPerMode;
            for (; bits != 0; bits &= bits - 1)
            {
                int slot = (at % WordsPerMode * 64) + BitOperations.TrailingZeroCount(bits);
                SetInvalid(mode, slot);
            }
        }
    }

    private static ulong InvalidTag(int slot) => 0UL - ((ulong)(slot ^ InvalidPage) << 12);

    private static ulong Region(ulong linear) => 1UL << (int)((linear >> 30) & 63);

    private static int Slot(ulong linear) => (int)(linear >> 12) & (VcpuState.TlbEntries - 1);

    private static int Word(int mode, int slot) => (mode * WordsPerMode) + (slot / 64);

    private void SetInvalid(int mode, int slot) => Entry(mode, slot)->ReadTag = Entry(mode, slot)->WriteTag = InvalidTag(slot);

    private TlbEntry* Entry(int mode, int slot) => _entries + (mode * VcpuState.TlbEntries) + slot;
}
