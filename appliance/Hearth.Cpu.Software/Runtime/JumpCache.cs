using System.Numerics;

namespace Hearth.Cpu.Software;

/// <summary>A vCPU's cache from instruction pointers to translated code, which generated code looks into by itself.</summary>
/// <remarks>
/// The low 12 bits of the instruction pointer select the entry. A tag is the negated sum of its other 52 bits and
/// <see cref="VcpuState.ModeSalt"/>, the number of the mode in the 12 bits above, so that a hit adds up to zero. The two never
/// overlap: a guest may jump to any 64 bits, canonical or not, and must not find code of another mode there. 1 is no entry:
/// it would belong to the mode numbered 4095, which there is not.
/// </remarks>
internal sealed unsafe class JumpCache(VcpuState* state)
{
    private const ulong Empty = 1;
    private const int ModeShift = 52;
    private const int MaximumModes = 4094;

    /// <summary>One bit an entry: it does not survive a load of CR3.</summary>
    private readonly ulong[] _local = new ulong[VcpuState.JumpCacheEntries / 64];

    /// <summary>One bit for each GiB of linear addresses, modulo 64, that blocks were added from since the last clearing.</summary>
    private ulong _regions;

    /// <summary>Numbers from 1 of the modes that were run in since the numbers ran out. A guest decides how many there are.</summary>
    private readonly Dictionary<ModeFlags, int> _modes = [];

    private ModeFlags _mode;

    private readonly ulong* _tags = (ulong*)((byte*)state + VcpuState.JumpCacheOffset);

    private ulong* Codes => _tags + VcpuState.JumpCacheEntries;

    /// <summary>From here on entries of a mode are looked for, and only those.</summary>
    public void SetMode(ModeFlags mode)
    {
        if (mode == _mode && state->ModeSalt != 0)
            return;
        _mode = mode;
        if (!_modes.TryGetValue(mode, out int number))
        {
            if (_modes.Count == MaximumModes)
            {
                _modes.Clear();
                Clear();
            }

            number = _modes.Count + 1;
            _modes.Add(mode, number);
        }

        state->ModeSalt = (ulong)number << ModeShift;
    }

    /// <summary>The far entry of the block at the current instruction pointer, or 0.</summary>
    public ulong Find(ulong rip)
    {
        int index = (int)rip & (VcpuState.JumpCacheEntries - 1);
        return _tags[index] + (rip >> 12) + state->ModeSalt == 0 ? Codes[index] : 0;
    }

    /// <param name="linear">The linear address of the block.</param>
    /// <param name="isGlobal">The block lies in a global page, and in no other.</param>
    public void Add(TranslationStore store, TranslatedBlock block, ulong rip, ulong linear, bool isGlobal)
    {
        _regions |= Region(linear) | Region(linear + (ulong)block.Length - 1);
        int index = (int)rip & (VcpuState.JumpCacheEntries - 1);
        ulong bit = 1UL << index;
        _local[index / 64] = isGlobal ? _local[index / 64] & ~bit : _local[index / 64] | bit;
        store.Remember(block, _tags + index, Codes + index, 0UL - ((rip >> 12) + state->ModeSalt));
    }

    /// <summary>Drops the entries of pages that are not global.</summary>
    public void ClearLocal()
    {
        for (int word = 0; word < _local.Length; word++)
        {
            for (ulong bits = _local[word]; bits != 0; bits &= bits - 1)
                _tags[(word * 64) + BitOperations.TrailingZeroCount(bits)] = Empty;
            _local[word] = 0;
        }
    }

    /// <summary>Drops at least what lies in the page of any size around an address.</summary>
    public void ClearPage(ulong linear)
    {
        if ((_regions & Region(linear)) != 0)
            Clear();
    }

    /// <summary>Drops everything. On the vCPU's thread, or while it is not inside.</summary>
    public void Clear()
    {
        ClearTags();
        _regions = 0;
    }

    /// <summary>
    /// Drops a block wherever it may be: at its page offset, unless the code segment's base is not page-aligned. From any
    /// thread, so the bookkeeping of the vCPU's own thread stays as it is.
    /// </summary>
    public void Remove(TranslatedBlock block)
    {
        if ((block.Mode & (ModeFlags)((uint)ModeFlags.EsBase << (int)SegmentName.CS)) != 0)
        {
            ClearTags();
            return;
        }

        int index = (int)block.Physical & (VcpuState.JumpCacheEntries - 1);
        if (Codes[index] == (ulong)block.FarEntry)
            Volatile.Write(ref _tags[index], Empty);
    }

    private void ClearTags() => new Span<ulong>(_tags, VcpuState.JumpCacheEntries).Fill(Empty);

    private static ulong Region(ulong linear) => 1UL << (int)((linear >> 30) & 63);
}
