using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>
/// From physical address and mode to translated code, for machine code that runs without the store's lock: buckets of
/// <see cref="Ways"/> entries. It forgets when a bucket is full; <see cref="BlockTable"/> knows every block.
/// </summary>
/// <remarks>
/// An entry is two words, key and code. It is written code last to first: key 0, code, key. A reader takes the code between
/// two looks at the key, so it never gets the code of another key. Code that was taken just before its entry went away is
/// still there and leads back to C# (see <see cref="TranslationStore"/>).
/// </remarks>
internal sealed unsafe class BlockIndex : IDisposable
{
    public const int Ways = 4;
    public const int BucketBits = 15;
    public const int BucketShift = 6;

    /// <summary>A key is this, the mode's number from bit <see cref="ModeShift"/>, and the physical address.</summary>
    public const int ValidBit = 63;
    public const int ModeShift = CpuModel.PhysicalAddressBits;

    /// <summary>2^64 divided by the golden ratio: the upper bits of a product with it depend on all bits of the key.</summary>
    public const ulong HashFactor = 0x9E37_79B9_7F4A_7C15;

    private readonly MappedMemory _memory = MappedMemory.AnonymousHuge((nuint)1 << (BucketBits + BucketShift));

    public ulong* Buckets => (ulong*)_memory.Address;

    public long Length => (long)_memory.Length;

    /// <summary>With the store's lock held.</summary>
    public void Add(ulong physical, int mode, byte* code)
    {
        ulong key = Key(physical, mode);
        ulong* bucket = Bucket(key);
        ulong* entry = Find(bucket, 0);

        // A full bucket gives up the entry that this block's address picks.
        if (entry is null)
            entry = bucket + ((physical >> 4) % Ways * 2);
        Volatile.Write(ref entry[0], 0);
        Volatile.Write(ref entry[1], (ulong)code);
        Volatile.Write(ref entry[0], key);
    }

    /// <summary>With the store's lock held.</summary>
    public void Remove(ulong physical, int mode)
    {
        ulong key = Key(physical, mode);
        ulong* entry = Find(Bucket(key), key);
        if (entry is not null)
            Volatile.Write(ref entry[0], 0);
    }

    public void Clear() => new Span<ulong>(Buckets, 1 << (BucketBits + BucketShift - 3)).Clear();

    public void Dispose() => _memory.Dispose();

    private static ulong Key(ulong physical, int mode) => (1UL << ValidBit) | ((ulong)mode << ModeShift) | physical;

    private ulong* Bucket(ulong key) => Buckets + ((key * HashFactor) >> (64 - BucketBits) << (BucketShift - 3));

    private static ulong* Find(ulong* bucket, ulong key)
    {
        for (int way = 0; way < Ways; way++)
        {
            if (bucket[way * 2] == key)
                return bucket + (way * 2);
        }

        return null;
    }
}
