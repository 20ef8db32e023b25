using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>What the parts of the translator share while they translate one block.</summary>
internal sealed unsafe class TranslationContext
{
    private const int MaximumSites = 512;

    private readonly SlowSite[] _slowSites = new SlowSite[MaximumSites];
    private readonly List<StackRun> _stackRuns = [];
    private readonly ChainSite[] _chainSites = new ChainSite[MaximumSites];
    private int _slowCount;
    private int _chainCount;
    private int _firstOpenSite;

    public HostEmitter Emitter { get; } = new();

    public ModeFlags Mode { get; private set; }

    /// <summary>The current instruction's offset from the start of its page.</summary>
    public int Offset { get; private set; }

    /// <summary>The next instruction's offset; past the end of the page for one that crosses it.</summary>
    public int NextOffset { get; private set; }

    public bool Is64Bit => (Mode & ModeFlags.Long) != 0;

    public bool IsSingleStep => (Mode & ModeFlags.SingleStep) != 0;

    /// <summary>The width of the stack pointer in bytes.</summary>
    public int StackWidth => Is64Bit ? 8 : (Mode & ModeFlags.Stack32) != 0 ? 4 : 2;

    public ReadOnlySpan<SlowSite> SlowSites => _slowSites.AsSpan(0, _slowCount);

    public ReadOnlySpan<ChainSite> ChainSites => _chainSites.AsSpan(0, _chainCount);

    public ReadOnlySpan<StackRun> StackRuns => CollectionsMarshal.AsSpan(_stackRuns);

    public void BeginBlock(ModeFlags mode, byte* position)
    {
        Mode = mode;
        Emitter.Position = position;
        Emitter.BlockStart = position;
        Emitter.Relocations?.Clear();
        IsTiedToRun = false;
        _slowCount = 0;
        _chainCount = 0;
        _stackRuns.Clear();
    }

    /// <summary>The block holds a value that means nothing in another run.</summary>
    public bool IsTiedToRun { get; set; }

    /// <summary>Notes a dword or qword of the block that ends where the emitter stands.</summary>
    public void NoteRelocation(RelocationKind kind, int length, int value) =>
        Emitter.Relocations?.Add(new Relocation(kind, (int)(Emitter.Position - Emitter.BlockStart) - length, value));

    /// <summary>The instruction before was STI: where this one leads to, interrupts are looked for.</summary>
    public bool FollowsSetInterrupt { get; private set; }

    /// <summary>The current instruction belongs to x87 or MMX and waits for pending exceptions.</summary>
    public bool WaitsForX87 { get; private set; }

    /// <summary>The current instruction may raise an exception on the host's processor.</summary>
    public bool MayFaultOnHost { get; set; }

    public void BeginInstruction(int offset, int length, bool waitsForX87, bool followsSetInterrupt)
    {
        FollowsSetInterrupt = followsSetInterrupt;
        WaitsForX87 = waitsForX87;
        Offset = offset;
        NextOffset = offset + length;
        _firstOpenSite = _slowCount;
    }

    /// <summary>A place to come back to when an instruction turns out not to be expressible.</summary>
    public Mark GetMark() => new((nint)Emitter.Position, _slowCount, _chainCount, Emitter.Relocations?.Count ?? 0);

    public void Return(Mark mark)
    {
        Emitter.Position = (byte*)mark.Position;
        _slowCount = mark.SlowCount;
        _chainCount = mark.ChainCount;
        if (Emitter.Relocations is { } relocations)
            CollectionsMarshal.SetCount(relocations, mark.RelocationCount);
    }

    public void AddSlowSite(in SlowSite site) => _slowSites[_slowCount++] = site;

    public void AddStackRun(in StackRun run) => _stackRuns.Add(run);

    public void AddChainSite(in ChainSite site) => _chainSites[_chainCount++] = site;

    /// <summary>
    /// Ends the part of the instruction that a bounced write repeats. Everything between the access and here must be
    /// position-independent and free of jumps.
    /// </summary>
    /// <param name="complete">Nothing of the instruction follows.</param>
    public void EndTail(bool complete)
    {
        for (int i = _firstOpenSite; i < _slowCount; i++)
        {
            ref SlowSite site = ref _slowSites[i];
            if (!site.Detail.IsWrite || site.TailEnd is not null)
                continue;
            site.TailEnd = Emitter.Position;
            site.NextOffset = complete ? NextOffset : -1;
        }
    }

    internal readonly record struct Mark(nint Position, int SlowCount, int ChainCount, int RelocationCount);
}
