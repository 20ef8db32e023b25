using System.Numerics;

namespace Hearth.Cpu.Software;

/// <summary>The blocks of a <see cref="TranslationFile"/>, found by mode, page offset and guest bytes.</summary>
internal sealed unsafe class KeptTranslations
{
    private const int BucketBits = 16;

    /// <summary>Guest bytes that the bucket depends on.</summary>
    private const int Prefix = 4;

    private readonly ReadOnlyMemory<byte> _records;
    private readonly int[] _buckets = new int[1 << BucketBits];

    /// <summary>Where each block's record begins, its hash, and the block after it in its bucket, counted from 1.</summary>
    private readonly List<(int Record, uint Hash, int Next)> _blocks = [];
    private readonly List<bool> _used = [];

    /// <param name="records">Checked by their hash; what is no record nevertheless is not used.</param>
    public KeptTranslations(ReadOnlyMemory<byte> records)
    {
        _records = records;
        int at = 0;
        while (at < records.Length)
        {
            KeptBlock block = KeptBlock.Read(records.Span[at..], out int length);
            if (length == 0)
                break;
            uint hash = Hash(block.Mode, block.Offset, block.Bytes.Length >= Prefix ? block.Bytes : []);
            ref int bucket = ref _buckets[hash >> (32 - BucketBits)];
            _blocks.Add((at, hash, bucket));
            _used.Add(false);
            bucket = _blocks.Count;
            at += length;
        }
    }

    public int Count => _blocks.Count;

    public long BytesUsed => _records.Length + ((long)_blocks.Count * 16) + (_buckets.Length * sizeof(int));

    /// <summary>Finds a block made from the bytes that are to be translated.</summary>
    /// <returns>Its number, or -1.</returns>
    public int Find(in BlockSource source)
    {
        byte* start = (byte*)source.Page + source.Start;
        var bytes = new ReadOnlySpan<byte>(start, source.End - source.Start);
        int found = bytes.Length >= Prefix ? Find(source, bytes, Hash(source.Mode, source.Start, bytes)) : -1;
        return found >= 0 ? found : Find(source, bytes, Hash(source.Mode, source.Start, []));
    }

    private int Find(in BlockSource source, ReadOnlySpan<byte> bytes, uint hash)
    {
        for (int number = _buckets[hash >> (32 - BucketBits)]; number != 0; number = _blocks[number - 1].Next)
        {
            // The records lie all over the memory: only those that are likely are touched.
            if (_blocks[number - 1].Hash != hash)
                continue;
            KeptBlock block = this[number - 1];
            if (block.Mode == source.Mode && block.Offset == source.Start && bytes.StartsWith(block.Bytes))
                return number - 1;
        }

        return -1;
    }

    public KeptBlock this[int number] => KeptBlock.Read(_records.Span[_blocks[number].Record..], out _);

    /// <summary>The block is good for this run, too.</summary>
    public void NoteUse(int number) => _used[number] = true;

    public bool IsUsed(int number) => _used[number];

    /// <param name="bytes">Empty for blocks that are shorter than <see cref="Prefix"/>.</param>
    private static uint Hash(ModeFlags mode, int offset, ReadOnlySpan<byte> bytes)
    {
        uint prefix = bytes.IsEmpty ? 0 : BitConverter.ToUInt32(bytes);
        uint hash = ((uint)mode * 0x9E37_79B1u) ^ BitOperations.RotateLeft((uint)offset * 0x85EB_CA6Bu, 15) ^ BitOperations.RotateLeft(prefix * 0xC2B2_AE35u, 7);
        return hash * 0x27D4_EB2Fu;
    }
}
