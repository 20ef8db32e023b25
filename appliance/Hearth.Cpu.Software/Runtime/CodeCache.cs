using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>
/// The memory that holds generated code: shared stubs first, then blocks one after the other. When it is full everything is
/// dropped at once while no vCPU runs.
/// </summary>
internal sealed unsafe class CodeCache : IDisposable
{
    /// <summary>The most one block can take.</summary>
    public const int BlockReserve = 128 << 10;

    /// <summary>Room for the stubs and a few of the largest blocks.</summary>
    public const long MinimumLength = 256 << 10;

    /// <summary>What the jumps between blocks reach.</summary>
    public const long MaximumLength = 1 << 30;

    private const int MapReserve = 4096;

    /// <summary>The map takes a quarter of what the code takes.</summary>
    private const int MapShare = 4;

    private readonly MappedMemory _memory;
    private const int KeptChunk = 1024;

    // Chunks never move, so that a vCPU reads one while another adds.
    private readonly KeptInstruction[]?[] _kept = new KeptInstruction[]?[4096];
    private int _keptCount;
    private readonly byte* _firstBlock;

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
    }

    public CodeStubs Stubs { get; }

    public StringStubs StringStubs { get; }

    public HostMap Map { get; }

    public byte* Start => _memory.Address;

    public byte* End => _memory.Address + _memory.Length;

    /// <summary>Where the next block goes.</summary>
    public byte* Next { get; set; }

    public bool IsFull => End - Next < BlockReserve || !Map.HasRoom(MapReserve) || _keptCount > (_kept.Length - 1) * KeptChunk;

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

    public void Clear()
    {
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
