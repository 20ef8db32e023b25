namespace Hearth.Cpu.Software;

/// <summary>Writes blocks of the code cache as records of a <see cref="TranslationFile"/>.</summary>
/// <param name="blocks">What this run has made and can be kept; those that are no longer valid, too.</param>
/// <param name="valid">Every block that jumps may be linked to, wherever it came from.</param>
/// <param name="links">The jumps that are.</param>
internal sealed unsafe class TranslationWriter(CodeCache cache, IReadOnlyList<TranslatedBlock> blocks, IEnumerable<TranslatedBlock> valid, JumpLinks links)
{
    private readonly HashSet<(ModeFlags Mode, int Offset, ulong Hash)> _written = [];

    /// <summary>Where jumps that were linked to other blocks led to before.</summary>
    private readonly Dictionary<nint, nint> _unlinked = [];
    private readonly List<uint> _map = [];
    private byte[] _code = [];

    /// <summary>Writes this run's blocks, and those of former runs that are not too old, as far as there is room.</summary>
    public void Write(Stream to, KeptTranslations? kept, long room, byte oldestAge)
    {
        foreach (TranslatedBlock block in valid)
            links.CopyTo(_unlinked, block);

        foreach (TranslatedBlock block in blocks)
        {
            if (to.Length + CodeCache.BlockReserve < room)
                Write(to, block);
        }

        for (int number = 0; number < (kept?.Count ?? 0); number++)
        {
            KeptBlock old = kept![number];
            bool isOld = !kept.IsUsed(number) && old.Age >= oldestAge;
            if (!isOld && to.Length + CodeCache.BlockReserve < room && IsNew(old.Mode, old.Offset, old.Bytes))
                old.Write(to, kept.IsUsed(number) ? (byte)0 : (byte)(old.Age + 1));
        }
    }

    private void Write(Stream to, TranslatedBlock block)
    {
        int offset = (int)(block.Physical & 0xFFF);
        BlockDetails details = block.Details!;
        if (!IsNew(block.Mode, offset, details.Bytes))
            return;
        if (_code.Length < block.CodeLength)
            _code = new byte[block.CodeLength * 2];
        Span<byte> code = _code.AsSpan(0, block.CodeLength);

        // SAFETY: code stays where it is until everything is dropped.
        new ReadOnlySpan<byte>(block.FarEntry, block.CodeLength).CopyTo(code);
        if (!block.IsValid)
            BitConverter.TryWriteBytes(code, details.FirstCode);
        foreach (uint packed in details.Relocations!)
            MakePortable(block.FarEntry, code, Relocation.Unpack(packed));
        uint start = (uint)(block.FarEntry - cache.Start);
        _map.Clear();
        cache.Map.CopyTo(_map, start, start + (uint)block.CodeLength);
        new KeptBlock
        {
            Mode = block.Mode,
            Offset = offset,
            CheckedEntry = block.CheckedOffset,
            NearEntry = block.NearOffset,
            Age = 0,
            Relocations = details.Relocations,
            Map = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_map),
            Code = code,
            Bytes = details.Bytes,
        }.Write(to, age: 0);
    }

    private void MakePortable(byte* start, Span<byte> code, Relocation relocation)
    {
        Span<byte> at = code[relocation.Offset..];
        byte* end = start + relocation.Offset + sizeof(int);
        switch (relocation.Kind)
        {
            case RelocationKind.Stub:
                BitConverter.TryWriteBytes(at, (int)(end + BitConverter.ToInt32(at) - cache.Start));
                break;
            case RelocationKind.Chain when _unlinked.TryGetValue((nint)end, out nint stub):
                BitConverter.TryWriteBytes(at, (int)(stub - (nint)end));
                break;
            case RelocationKind.Page:
                at[..sizeof(uint)].Clear();
                break;
            default:
                break;
        }
    }

    private bool IsNew(ModeFlags mode, int offset, ReadOnlySpan<byte> bytes)
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        ulong first = bytes.Length >= sizeof(ulong) ? BitConverter.ToUInt64(bytes) : bytes[0];
        return _written.Add((mode, offset, (first * 0x9E37_79B9_7F4A_7C15) ^ ((ulong)(uint)hash.ToHashCode() << 16) ^ (uint)bytes.Length));
    }
}
