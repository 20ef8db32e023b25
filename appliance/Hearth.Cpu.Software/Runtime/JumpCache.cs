namespace Hearth.Cpu.Software;

/// <summary>A vCPU's cache from instruction pointers to translated code, which generated code looks into by itself.</summary>
/// <remarks>
/// The low 12 bits of the instruction pointer select the entry. A tag is the negated sum of instruction pointer and
/// <see cref="VcpuState.ModeSalt"/>, so that a hit adds up to zero; 1 is no entry (no instruction pointer plus salt is -1
/// and also in use: it would lie in the last byte of the address space).
/// </remarks>
internal sealed unsafe class JumpCache(VcpuState* state)
{
    private const ulong Empty = 1;

    private readonly ulong* _tags = (ulong*)((byte*)state + VcpuState.JumpCacheOffset);

    private ulong* Codes => _tags + VcpuState.JumpCacheEntries;

    /// <summary>The far entry of the block at the current instruction pointer, or 0.</summary>
    public ulong Find(ulong rip)
    {
        int index = (int)rip & (VcpuState.JumpCacheEntries - 1);
        return _tags[index] + rip + state->ModeSalt == 0 ? Codes[index] : 0;
    }

    public void Add(TranslationStore store, TranslatedBlock block, ulong rip)
    {
        int index = (int)rip & (VcpuState.JumpCacheEntries - 1);
        store.Remember(block, _tags + index, Codes + index, 0UL - (rip + state->ModeSalt));
    }

    public void Clear() => new Span<ulong>(_tags, VcpuState.JumpCacheEntries).Fill(Empty);

    /// <summary>Drops a block wherever it may be: at its page offset, unless the code segment's base is not page-aligned.</summary>
    public void Remove(TranslatedBlock block)
    {
        if ((block.Mode & (ModeFlags)((uint)ModeFlags.EsBase << (int)SegmentName.CS)) != 0)
        {
            Clear();
            return;
        }

        int index = (int)block.Physical & (VcpuState.JumpCacheEntries - 1);
        if (Codes[index] == (ulong)block.FarEntry)
            Volatile.Write(ref _tags[index], Empty);
    }
}
