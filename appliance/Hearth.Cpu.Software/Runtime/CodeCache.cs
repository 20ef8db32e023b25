using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>
/// The memory that holds generated code: shared stubs first, then blocks one after the other. When it is full everything is
/// dropped at once while no vCPU runs.
/// </summary>
/// <remarks>
/// Most of what a guest runs while it boots it never runs again. So the cache is small at first, and larger after each time that it was full: guests that need the code have
/// it translated once more, at most, and the others do not hold on to it.
/// </remarks>
internal sealed unsafe class CodeCache : IDisposable
{
    /// <summary>The most one block can take.</summary>
    public const int BlockReserve = 128 << 10;

    /// <summary>Room for the stubs and a few of the largest blocks.</summary>
    public const long MinimumLength = 256 << 10;

    /// <summary>What is used until everything is dropped for the first time.</summary>
    public const long FirstLimit = 16 << 20;

    /// <summary>What the jumps between blocks reach.</summary>
    public const long MaximumLength = 1 << 30;

    private const int MapReserve = 4096;
    private const int PageSize = 4096;

    /// <summary>The map takes a quarter of what the code takes.</summary>
    private const int MapShare = 4;

    private readonly MappedMemory _memory;
    private const int KeptChunk = 1024;

    // Chunks never move, so that a vCPU reads one while another adds.
    private readonly KeptInstruction[]?[] _kept = new KeptInstruction[]?[4096];
    private int _keptCount;
    private readonly byte* _firstBlock;
    private byte* _limit;

    public CodeCache(nuint length)
    {
        _memory = MappedMemory.AnonymousHuge(length, executable: true);

        // Room for 8 bytes of every instruction's 32. Few have an entry: guests that only compute with vectors come near.
        Map = new HostMap((int)(length / MapShare / 8));
        var emitter = new HostEmitter { Position = _memory.Address };
        Stubs = StubBuilder.Emit(emitter);
        StringStubs = StringStubBuilder.Emit(emitter);
        _firstBlock = (byte*)(((nint)emitter.Position + 15) & ~15);
        Next = _firstBlock;
        _limit = Start + Math.Min(FirstLimit, End - Start);
    }

    public CodeStubs Stubs { get; }

    public StringStubs StringStubs { get; }

    public HostMap Map { get; }

    public byte* Start => _memory.Address;

    public byte* End => _memory.Address + _memory.Length;

    /// <summary>Where the next block goes.</summary>
    public byte* Next { get; set; }

    public bool IsFull => _limit - Next < BlockReserve || !Map.HasRoom(MapReserve) || _keptCount > (_kept.Length - 1) * KeptChunk;

    /// <summary>Where blocks begin: the stubs take as much.</summary>
    public long FirstBlockOffset => _firstBlock - Start;

    public long BytesUsed => Next - Start;

    public int Keep(in KeptInstruction instruction)
    {
        KeptInstruction[] chunk = _kept[_keptCount / KeptChunk] ??= new KeptInstruction[KeptChunk];
        chunk[_keptCount % KeptChunk] = instruction;
        return _keptCount++;
    }

    /// <summary>A kept instruction by its number.</summary>
    public ref readonly KeptInstruction Kept(int number) => ref _kept[number / KeptChunk]![number % KeptChunk];

    /// <summary>Nothing is dropped before all the memory is used.</summary>
    public void UseAll() => _limit = End;

    /// <summary>Drops all blocks. Who fills the cache again has twice the room to do it in.</summary>
    public void Clear()
    {
        nuint kept = ((nuint)(_firstBlock - Start) + PageSize - 1) & ~(nuint)(PageSize - 1);
        _memory.Forget(kept, _memory.Length - kept);
        _limit = Start + Math.Min((_limit - Start) * 2, End - Start);
        Next = _firstBlock;
        Map.Clear();
        _keptCount = 0;
    }

    public void Dispose()
    {
        Map.Dispose();
        _memory.Dispose();
    }
}
