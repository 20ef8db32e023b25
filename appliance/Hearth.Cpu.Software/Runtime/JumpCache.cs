using System.Numerics;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>A vCPU's cache from instruction pointers to translated code, which generated code looks into by itself.</summary>
/// <remarks>
/// The low bits of the instruction pointer, plus bits from <see cref="HashShift"/> on, select the entry: functions are aligned,
/// and without the latter they would share few entries. Each address is written to a second place, too, by
/// <see cref="SecondHashShift"/>, so that two that share their first one do not drive each other out. Given bits 12 to 63,
/// every place belongs to one address. A tag is the negated sum of bits 12 to 63 and
/// <see cref="VcpuState.ModeSalt"/>, the number of the mode in the 12 bits above, so that a hit adds up to zero. The two never
/// overlap: a guest may jump to any 64 bits, canonical or not, and must not find code of another mode there. 1 is no entry:
/// it would belong to the mode numbered 4095, which there is not.
/// Most entries are made by machine code (see <see cref="JumpMissStub"/>), the others here; all of it on the vCPU's thread. An
/// entry may outlive its block: the block's far entry then leads back to C#, which drops it.
/// </remarks>
internal sealed unsafe class JumpCache
{
    public const int ModeShift = 52;

    /// <summary>At least 12, as the other one: see above.</summary>
    public const byte HashShift = 13;

    public const byte SecondHashShift = 17;

    /// <summary>A GiB, the largest page.</summary>
    public const int RegionShift = 30;

    private const ulong Empty = 1;
    private const int FilterWords = VcpuState.JumpFilterBits / 64;
    /// <summary>What the store answered, to ask it less often.</summary>
    private readonly Dictionary<ModeFlags, int> _numbers = [];

    private const int LocalWords = VcpuState.JumpCacheEntries / 64;

    private readonly VcpuState* _state;
    private readonly ulong* _tags;

    /// <summary>A bit an entry: a load of CR3 drops it.</summary>
    private readonly ulong* _local;

    /// <summary>Instruction pointers were not linear addresses for some of what was added since everything was dropped.</summary>
    private bool _hasBases;

    public JumpCache(VcpuState* state)
    {
        // SAFETY: both lie within the state block (VcpuState.JumpCacheOffset, JumpLocalOffset and Size).
        _state = state;
        _tags = (ulong*)((byte*)state + VcpuState.JumpCacheOffset);
        _local = (ulong*)((byte*)state + VcpuState.JumpLocalOffset);
        Clear();
    }

    private ulong* Codes => _tags + VcpuState.JumpCacheEntries;

    /// <summary>From here on entries of a mode are looked for, and only those.</summary>
    /// <returns>False when the store has no number for the mode: everything must be dropped first.</returns>
    public bool TrySetMode(ModeFlags mode, TranslationStore store)
    {
        if (!_numbers.TryGetValue(mode, out int number))
        {
            if (!store.TryNumberOf(mode, out number))
                return false;
            _numbers.Add(mode, number);
        }

        _state->ModeSalt = (ulong)number << ModeShift;
        return true;
    }

    /// <summary>Until the next mode is set, nothing is found, and every jump to another page leaves generated code.</summary>
    public void SetNoMode() => _state->ModeSalt = 0;

    /// <summary>The far entry of the block at an instruction pointer, or 0.</summary>
    public ulong Find(ulong rip)
    {
        int index = FirstIndex(rip);
        if (_tags[index] + (rip >> 12) + _state->ModeSalt == 0)
            return Codes[index];
        index = SecondIndex(rip);
        return _tags[index] + (rip >> 12) + _state->ModeSalt == 0 ? Codes[index] : 0;
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
    public void Drop(ulong rip) => _tags[FirstIndex(rip)] = _tags[SecondIndex(rip)] = Empty;

    /// <summary>Drops the entries of pages that are not global.</summary>
    public void ClearLocal()
    {
        for (int group = 0; group < LocalWords / 64; group++)
        {
            for (ulong words = _state->JumpLocalWords[group]; words != 0; words &= words - 1)
                ClearLocal((group * 64) + BitOperations.TrailingZeroCount(words));
            _state->JumpLocalWords[group] = 0;
        }
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
        const ulong PageNumber = (1UL << ModeShift) - 1;
        if (_hasBases)
        {
            Clear();
            return;
        }

        for (int index = 0; index < VcpuState.JumpCacheEntries; index++)
        {
            ulong entry = (0UL - _tags[index]) & PageNumber;
            if (page - entry <= 1)
                _tags[index] = Empty;
        }
    }

    /// <summary>Drops everything. On the vCPU's thread, or while it is not inside.</summary>
    public void Clear()
    {
        new Span<ulong>(_tags, VcpuState.JumpCacheEntries).Fill(Empty);
        _hasBases = false;
        new Span<ulong>(_state->JumpPages, FilterWords).Clear();
        new Span<ulong>(_state->JumpLargeRegions, FilterWords).Clear();
    }

    /// <summary>Drops everything, and all numbers of modes: they may belong to others now. While the vCPU is not inside.</summary>
    public void ForgetAll()
    {
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

        Codes[index] = (ulong)block.FarEntry;
        _tags[index] = 0UL - ((rip >> 12) + _state->ModeSalt);
    }

    private void ClearLocal(int word)
    {
        for (ulong bits = _local[word]; bits != 0; bits &= bits - 1)
            _tags[(word * 64) + BitOperations.TrailingZeroCount(bits)] = Empty;
        _local[word] = 0;
    }

    private static int FirstIndex(ulong rip) => (int)(rip + (rip >> HashShift)) & (VcpuState.JumpCacheFirstEntries - 1);

    private static int SecondIndex(ulong rip) =>
        ((int)(rip + (rip >> SecondHashShift)) & (VcpuState.JumpCacheFirstEntries - 1)) + VcpuState.JumpCacheFirstEntries;

    private void NotePage(ulong linear, bool isLarge)
    {
        Set(_state->JumpPages, linear >> GuestRam.PageShift);
        if (isLarge)
            Set(_state->JumpLargeRegions, linear >> RegionShift);
    }

    private static bool Has(ulong* filter, ulong number) => ((filter[number % VcpuState.JumpFilterBits / 64] >> (int)number) & 1) != 0;

    private static void Set(ulong* filter, ulong number) => filter[number % VcpuState.JumpFilterBits / 64] |= 1UL << (int)number;
}
