namespace Hearth.Linux;

/// <summary>
/// A ring of bytes in a memory file, from one producer to one consumer, which may be two processes: neither waits for the other, and neither
/// trusts what the other has written beside the bytes.
/// </summary>
/// <remarks>
/// Layout, little-endian: at 0 how many bytes were ever written, at 64 how many were ever read, at 128 words that belong to the ring's
/// users, all of 64 bits; from 4096 on the bytes. A producer owns the first position, a consumer the second: each keeps its own to itself, and
/// takes the other's for what it is worth, between nothing and a full ring.
/// </remarks>
public sealed unsafe class SharedRing : IDisposable
{
    /// <summary>Words for the ring's users.</summary>
    public const int WordCount = 32;

    private const int HeaderLength = 4096;
    private const int WrittenOffset = 0;
    private const int ReadOffset = 64;
    private const int WordsOffset = 128;

    private readonly MappedMemory _memory;
    private readonly byte* _header;
    private readonly byte* _bytes;

    // This side's position, which the other can overwrite in the file but not here.
    private long _written;
    private long _read;

    private SharedRing(FileDescriptor file, int capacity)
    {
        File = file;
        Capacity = capacity;
        _memory = MappedMemory.Shared(file, (nuint)(HeaderLength + capacity));

        // SAFETY: the mapping has the header's page and the bytes behind it, and lives as long as this.
        _header = _memory.Address;
        _bytes = _header + HeaderLength;
        _written = Load(WrittenOffset);
        _read = Load(ReadOffset);
    }

    /// <summary>The memory file, to be handed to the other process.</summary>
    public FileDescriptor File { get; }

    /// <summary>Bytes, a power of two.</summary>
    public int Capacity { get; }

    /// <summary>Bytes that the producer may write now.</summary>
    public int Room => Capacity - Fill(_written, Load(ReadOffset));

    /// <summary>Bytes that the consumer may read now.</summary>
    public int Available => Fill(Load(WrittenOffset), _read);

    /// <param name="name">Shown in /proc/PID/maps.</param>
    /// <param name="capacity">Bytes, a power of two of at least a page.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static SharedRing Create(string name, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, HeaderLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(capacity & (capacity - 1), 0);
        return new SharedRing(FileDescriptor.CreateMemory(name, HeaderLength + capacity), capacity);
    }

    /// <summary>The other side's view of a ring.</summary>
    /// <param name="file">The memory file; owned by the result.</param>
    /// <inheritdoc cref="Create"/>
    public static SharedRing Attach(FileDescriptor file, int capacity)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new SharedRing(file, capacity);
    }

    /// <summary>Writes all of it or nothing. The producer's.</summary>
    /// <returns>False when there is no room.</returns>
    public bool TryWrite(ReadOnlySpan<byte> data)
    {
        if (data.Length > Room)
            return false;
        int at = (int)(_written & (Capacity - 1));
        int first = Math.Min(data.Length, Capacity - at);

        // SAFETY: at is inside the ring, and both parts end inside it.
        data[..first].CopyTo(new Span<byte>(_bytes + at, first));
        data[first..].CopyTo(new Span<byte>(_bytes, data.Length - first));
        _written += data.Length;
        Store(WrittenOffset, _written);
        return true;
    }

    /// <summary>Reads what is there, at most the buffer's length. The consumer's.</summary>
    /// <returns>Bytes read.</returns>
    public int Read(Span<byte> to)
    {
        int count = Math.Min(to.Length, Available);
        int at = (int)(_read & (Capacity - 1));
        int first = Math.Min(count, Capacity - at);

        // SAFETY: as in TryWrite.
        new ReadOnlySpan<byte>(_bytes + at, first).CopyTo(to);
        new ReadOnlySpan<byte>(_bytes, count - first).CopyTo(to[first..]);
        _read += count;
        Store(ReadOffset, _read);
        return count;
    }

    /// <summary>Forgets what is there. The consumer's.</summary>
    public void Skip()
    {
        _read += Available;
        Store(ReadOffset, _read);
    }

    /// <summary>Reads a user's word.</summary>
    public long GetWord(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)WordCount);
        return Load(WordsOffset + (index * sizeof(long)));
    }

    /// <summary>Writes a user's word; it is seen after everything that was written before.</summary>
    public void SetWord(int index, long value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)WordCount);
        Store(WordsOffset + (index * sizeof(long)), value);
    }

    public void Dispose()
    {
        _memory.Dispose();
        File.Dispose();
    }

    /// <summary>What lies between two positions, of which one may be a lie.</summary>
    private int Fill(long written, long read) => (int)Math.Clamp(unchecked(written - read), 0, Capacity);

    // SAFETY: the offsets are those of words of the header, aligned to their size.
    private long Load(int offset) => Volatile.Read(ref *(long*)(_header + offset));

    private void Store(int offset, long value) => Volatile.Write(ref *(long*)(_header + offset), value);
}
