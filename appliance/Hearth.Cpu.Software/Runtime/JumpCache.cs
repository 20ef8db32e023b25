using System.Numerics;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>A vCPU's cache from instruction pointers to translated code, which generated code looks into by itself.</summary>
/// <remarks>
/// The low bits of the instruction pointer, plus bits from <see cref="HashShift"/> on, select the entry: functions are aligned,
/// and without the latter they would share few entries. Each address is written to a second place, too, by
/// <see cref="SecondHashShift"/>, so that two that share their first one do not drive each other out. The number of the mode is added
/// to either place, so that an address has another place in every mode. A tag is the negated address, so that a hit adds up to zero; it belongs to one mode, that whose
/// number leads from the address to the place. Where instruction pointers are not linear addresses, as in real mode, each base of CS counts as a mode
/// of its own. A guest may jump to any 64 bits, canonical or not, and never finds code of another mode there.
/// An empty place has the tag of an address that no number leads there from.
/// Most entries are made by machine code (see <see cref="JumpMissStub"/>), the others here; all of it on the vCPU's thread. An
/// entry may outlive its block: the block's far entry then leads back to C#, which drops it.
/// </remarks>
internal sealed unsafe class JumpCache
{
    /// <summary>An entry is two words, tag and code.</summary>
    public const int EntryShift = 4;

    public const byte HashShift = 13;

    public const byte SecondHashShift = 17;

    /// <summary>A GiB, the largest page.</summary>
    public const int RegionShift = 30;

    /// <summary>More than the largest number of a mode with any base of CS.</summary>
    private const int Numbers = VcpuState.JumpCacheFirstEntries / 2;

    /// <summary>The first number of a mode with a base; the store knows nothing of them.</summary>
    private const int FirstBased = ModeNumbers.Maximum + 1;

    private const ModeFlags HasCodeBase = (ModeFlags)((uint)ModeFlags.EsBase << (int)SegmentName.CS);

    private const int FilterWords = VcpuState.JumpFilterBits / 64;
    private const int LocalWords = VcpuState.JumpCacheEntries / 64;

    /// <summary>What the store answered, to ask it less often.</summary>
    private readonly Dictionary<ModeFlags, int> _numbers = [];

    /// <summary>Numbers of modes with bases. When there is no other left they start anew.</summary>
    private readonly Dictionary<(ModeFlags Mode, ulong Base), int> _basedNumbers = [];

    private readonly VcpuState* _state;
    private readonly Entry* _entries;

    /// <summary>A bit an entry: a load of CR3 drops it.</summary>
    private readonly ulong* _local;

    /// <summary>Instruction pointers were not linear addresses for some of what was added since everything was dropped.</summary>
    private bool _hasBases;

    public JumpCache(VcpuState* state)
    {
        // SAFETY: both lie within the state block (VcpuState.JumpCacheOffset, JumpLocalOffset and Size).
        _state = state;
        _entries = (Entry*)((byte*)state + VcpuState.JumpCacheOffset);
        _local = (ulong*)((byte*)state + VcpuState.JumpLocalOffset);
        Clear();
    }

    /// <summary>From here on entries of a mode are looked for, and only those.</summary>
    /// <param name="codeBase">The base of CS.</param>
    /// <returns>False when the store has no number for the mode: everything must be dropped first.</returns>
    public bool TrySetMode(ModeFlags mode, ulong codeBase, TranslationStore store)
    {
        int number;
        if ((mode & HasCodeBase) != 0)
        {
            number = NumberOf(mode, codeBase);
        }
        else if (!_numbers.TryGetValue(mode, out number))
        {
            if (!store.TryNumberOf(mode, out number))
                return false;
            _numbers.Add(mode, number);
        }

        if (_state->ModeSalt != (ulong)number)
            ReturnStack.Forget(_state);
        _state->ModeSalt = (ulong)number;
        return true;
    }

    /// <summary>Until the next mode is set, nothing is found, and every jump to another page leaves generated code.</summary>
    public void SetNoMode()
    {
        _state->ModeSalt = 0;
        ReturnStack.Forget(_state);
    }

    /// <summary>The far entry of the block at an instruction pointer, or 0.</summary>
    public ulong Find(ulong rip)
    {
        int index = FirstIndex(rip);
        if (_entries[index].Tag + rip == 0)
            return _entries[index].Code;
        index = SecondIndex(rip);
        return _entries[index].Tag + rip == 0 ? _entries[index].Code : 0;
    }

    /// <param name="linear">The linear address of the block.</param>
    /// <param name="isGlobal">The block lies in global pages, and in no others.</param>
    /// <param name="isLarge">It lies in a page larger than 4 KiB, or that is not known.</param>
    public void Add(TranslatedBlock block, ulong rip, ulong linear, bool isGlobal, bool isLarge)
    {
        _hasBases |= linear != rip;
        NotePage(linear, isLarge);
        NotePage(linear + (ulong)block.Length - 1, isLarge);
        Write(FirstIndex(rip), rip, block, isGlobal);
        Write(SecondIndex(rip), rip, block, isGlobal);
    }

    /// <summary>Drops the entries of an instruction pointer.</summary>
    public void Drop(ulong rip)
    {
        Empty(FirstIndex(rip));
        Empty(SecondIndex(rip));
    }

    /// <summary>Drops the entries of pages that are not global.</summary>
    public void ClearLocal()
    {
        ReturnStack.Forget(_state);
        for (int group = 0; group < LocalWords / 64; group++)
        {
            for (ulong words = _state->JumpLocalWords[group]; words != 0; words &= words - 1)
                ClearLocal((group * 64) + BitOperations.TrailingZeroCount(words));
            _state->JumpLocalWords[group] = 0;
        }
    }

    private int NumberOf(ModeFlags mode, ulong codeBase)
    {
        if (_basedNumbers.TryGetValue((mode, codeBase), out int number))
            return number;
        if (_basedNumbers.Count == Numbers - FirstBased)
        {
            Clear();
            _basedNumbers.Clear();
        }

        number = FirstBased + _basedNumbers.Count;
        _basedNumbers.Add((mode, codeBase), number);
        return number;
    }

    /// <summary>Drops at least what lies in the page of any size around an address.</summary>
    public void ClearPage(ulong linear)
    {
        if (Has(_state->JumpLargeRegions, linear >> RegionShift))
            Clear();
        else if (Has(_state->JumpPages, linear >> GuestRam.PageShift))
            ClearPageNumber(linear >> GuestRam.PageShift);
    }

    /// <summary>Drops what begins in a page, or in the one before and may end in it.</summary>
    private void ClearPageNumber(ulong page)
    {
        if (_hasBases)
        {
            Clear();
            return;
        }

        ReturnStack.Forget(_state);
        for (int index = 0; index < VcpuState.JumpCacheEntries; index++)
        {
            ulong entry = (0UL - _entries[index].Tag) >> GuestRam.PageShift;
            if (page - entry <= 1)
                Empty(index);
        }
    }

    /// <summary>Drops everything. On the vCPU's thread, or while it is not inside.</summary>
    public void Clear()
    {
        ReturnStack.Forget(_state);
        new Span<Entry>(_entries, VcpuState.JumpCacheEntries).Clear();
        for (int index = 0; index < Numbers; index++)
        {
            Empty(index);
            Empty(index + VcpuState.JumpCacheFirstEntries);
        }

        _hasBases = false;
        new Span<ulong>(_state->JumpPages, FilterWords).Clear();
        new Span<ulong>(_state->JumpLargeRegions, FilterWords).Clear();
    }

    /// <summary>Drops everything, and all numbers of modes: they may belong to others now. While the vCPU is not inside.</summary>
    public void ForgetAll()
    {
        _state->ModeSalt = 0;
        Clear();
        _numbers.Clear();
        new Span<byte>(_state->Transitions, Transition.Count * Transition.Size).Clear();
    }

    private void Write(int index, ulong rip, TranslatedBlock block, bool isGlobal)
    {
        ulong bit = 1UL << index;
        if (isGlobal)
        {
            _local[index / 64] &= ~bit;
        }
        else
        {
            _local[index / 64] |= bit;
            _state->JumpLocalWords[index / 4096] |= 1UL << (index / 64);
        }

        _entries[index] = new Entry(0UL - rip, (ulong)block.FarEntry);
    }

    private void ClearLocal(int word)
    {
        for (ulong bits = _local[word]; bits != 0; bits &= bits - 1)
            Empty((word * 64) + BitOperations.TrailingZeroCount(bits));
        _local[word] = 0;
    }

    /// <summary>No number leads from address 0 to a place beyond all numbers, nor from the address that is one more than the place to another.</summary>
    private void Empty(int index)
    {
        int place = index & (VcpuState.JumpCacheFirstEntries - 1);
        _entries[index].Tag = place >= Numbers ? 0 : 0UL - (ulong)(place + 1);
    }

    private int FirstIndex(ulong rip) => Place(rip + (rip >> HashShift));

    private int SecondIndex(ulong rip) => Place(rip + (rip >> SecondHashShift)) + VcpuState.JumpCacheFirstEntries;

    private int Place(ulong sum) => (int)(sum + _state->ModeSalt) & (VcpuState.JumpCacheFirstEntries - 1);

    private void NotePage(ulong linear, bool isLarge)
    {
        Set(_state->JumpPages, linear >> GuestRam.PageShift);
        if (isLarge)
            Set(_state->JumpLargeRegions, linear >> RegionShift);
    }

    private static bool Has(ulong* filter, ulong number) => ((filter[number % VcpuState.JumpFilterBits / 64] >> (int)number) & 1) != 0;

    private static void Set(ulong* filter, ulong number) => filter[number % VcpuState.JumpFilterBits / 64] |= 1UL << (int)number;

    private record struct Entry(ulong Tag, ulong Code);
}
