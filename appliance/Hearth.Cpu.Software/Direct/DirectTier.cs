using System.Diagnostics;
using Hearth.Linux;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// The tier above translated code: takes user code of an address space over and runs it as it is, in a process that has nothing
/// but that address space, and gives it back at every event that is the guest's business (system call, fault, interrupt).
/// </summary>
/// <remarks>
/// A way there and back costs as much as the host takes for two switches of process and the registers: some ten thousand
/// instructions. So an address space comes here only after it was found in user code at several ticks in a row, and one that
/// leaves early is kept away for a while, longer each time.
/// One tier a vCPU, all of it on the vCPU's thread except <see cref="PageChanged"/>.
/// </remarks>
internal sealed unsafe class DirectTier : IDisposable
{
    private const int HotTicks = 3;
    private const int MaximumSpaces = 8;
    private const int MaximumBackOff = 8;
    private const ModeFlags Excluded = ModeFlags.SingleStep | ModeFlags.AlignmentCheck;
    private const ModeFlags Required = ModeFlags.Long | ModeFlags.User | ModeFlags.X87Usable | ModeFlags.SseUsable | ModeFlags.AvxUsable;
    private const ulong UnusualFlags = Rflags.System & ~Rflags.AlignmentCheck;

    private static readonly long s_shortest = Stopwatch.Frequency / 4_000;
    private static readonly long s_tick = Stopwatch.Frequency / 2_000;
    private static readonly long s_tickLimit = Stopwatch.Frequency / 40;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly TranslationStore _store;
    private readonly VcpuMailbox _mailbox;
    private readonly DirectTierMode _mode;
    private readonly CodeScan _scan = new();
    private readonly Dictionary<ulong, Candidate> _candidates = [];
    private DirectLauncher? _launcher;
    private Candidate? _current;
    private int _pageChanged;
    private bool _refused;

    public DirectTier(VcpuState* state, GuestRam ram, Mmu mmu, TranslationStore store, VcpuMailbox mailbox, DirectTierMode mode)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _store = store;
        _mailbox = mailbox;
        _mode = mode;
        _refused = mode == DirectTierMode.Never;
        Forget();
    }

    /// <summary>How often user code was taken over, and given back for each reason.</summary>
    public DirectCounters Counters { get; } = new();

    /// <summary>The state is one that this tier can take over. <see cref="VcpuState.DirectWanted"/> says whether it should.</summary>
    public bool CanRun
    {
        get
        {
            var mode = (ModeFlags)_state->Mode;
            ushort* selectors = _state->SegmentSelector;
            return (mode & (Required | Excluded)) == Required && (_state->SystemFlags & UnusualFlags) == 0 && _state->InterruptEnable != 0 &&
                selectors[(int)SegmentName.CS] == DirectProcess.Selectors.Code && selectors[(int)SegmentName.SS] == DirectProcess.Selectors.Data &&
                (selectors[(int)SegmentName.DS] | selectors[(int)SegmentName.ES] | selectors[(int)SegmentName.FS] | selectors[(int)SegmentName.GS]) == 0;
        }
    }

    /// <summary>Generated code was left for an interrupt or the like while user code ran.</summary>
    public void UserTick()
    {
        if (_refused)
            return;
        Candidate candidate = Current();
        long now = Stopwatch.GetTimestamp();
        long since = now - candidate.LastTick;
        if (_mode != DirectTierMode.Always && since < s_tick)
            return;
        candidate.LastTick = now;
        candidate.Ticks = since > s_tickLimit ? 1 : candidate.Ticks + 1;
        Update(candidate, now);
    }

    /// <summary>The guest has loaded CR3, or flushed more than a page.</summary>
    public void Flushed()
    {
        foreach (Candidate candidate in _candidates.Values)
            candidate.IsStale = true;
        Forget();
        if (!_refused && _candidates.TryGetValue(Root, out Candidate? current))
            Update(current, Stopwatch.GetTimestamp());
    }

    /// <summary>The guest has flushed a page.</summary>
    public void PageFlushed()
    {
        foreach (Candidate candidate in _candidates.Values)
            candidate.IsStale = true;
    }

    /// <summary>A page that may be mapped in a process must not be written there any more, or not be executed. From any thread.</summary>
    public void PageChanged()
    {
        if (Interlocked.Exchange(ref _pageChanged, 1) == 0)
            _mailbox.InterruptProcess();
    }

    /// <summary>Runs user code until something is the guest's business, or the vCPU is kicked. The next instruction is for translated code.</summary>
    /// <returns>True when it was but a kick.</returns>
    public bool Run()
    {
        Candidate candidate = Current();
        if (!TryEnter(candidate, out DirectSpace? space))
            return false;
        long start = Stopwatch.GetTimestamp();
        Counters.Entries++;
        DirectExit exit = RunUntilExit(space);
        Counters.Count(exit, Stopwatch.GetTimestamp() - start);
        if (exit == DirectExit.Kicked)
            return true;
        BackOff(candidate, start);
        if (exit == DirectExit.Lost)
            Give(candidate);
        return false;
    }

    public void Dispose()
    {
        foreach (Candidate candidate in _candidates.Values)
            candidate.Space?.Dispose();
        _candidates.Clear();
        _launcher?.Dispose();
    }

    private ulong Root => _state->Cr3 & PageTableEntry.Address;

    private void Forget()
    {
        _current = null;
        _state->DirectWanted = _mode == DirectTierMode.Always && !_refused ? (byte)1 : (byte)0;
    }

    private Candidate Current()
    {
        if (_current is not null)
            return _current;
        if (!_candidates.TryGetValue(Root, out Candidate? candidate))
        {
            MakeRoom();
            candidate = new Candidate();
            _candidates.Add(Root, candidate);
        }

        return _current = candidate;
    }

    private void MakeRoom()
    {
        while (_candidates.Count >= MaximumSpaces)
        {
            (ulong root, Candidate oldest) = _candidates.MinBy(pair => pair.Value.LastTick);
            oldest.Space?.Dispose();
            _candidates.Remove(root);
        }
    }

    private void Update(Candidate candidate, long now)
    {
        bool isHot = candidate.Ticks >= HotTicks || _mode == DirectTierMode.Always;
        _state->DirectWanted = isHot && now >= candidate.NotBefore ? (byte)1 : (byte)0;
    }

    private bool TryEnter(Candidate candidate, out DirectSpace space)
    {
        space = candidate.Space!;
        try
        {
            space = candidate.Space ??= new DirectSpace(_state, _ram, _mmu, _store, _scan, _launcher ??= new DirectLauncher());
        }
        catch (LinuxException)
        {
            // The host allows no such process: translated code does everything, as before.
            _refused = true;
            _state->DirectWanted = 0;
            return false;
        }

        if (Interlocked.Exchange(ref _pageChanged, 0) != 0)
            PageFlushed();
        space.IsStale |= candidate.IsStale;
        candidate.IsStale = false;
        if (space.TryRefresh())
            return true;
        Give(candidate);
        return false;
    }

    private DirectExit RunUntilExit(DirectSpace space)
    {
        while (true)
        {
            if (!_mailbox.TryEnterProcess(space.Process.Id) || Volatile.Read(ref _pageChanged) != 0)
            {
                _mailbox.LeaveProcess();
                return DirectExit.Kicked;
            }

            TracedStop stop = space.Process.Run(_state);
            _mailbox.LeaveProcess();
            switch (stop.Signal)
            {
                case 0:
                    GoBackToSystemCall();
                    return DirectExit.SystemCall;
                case Signal.User1:
                    break;
                case Signal.SegmentationViolation:
                    (int code, ulong address) = space.Process.SignalInfo();
                    if (!IsPageFault(code) || !space.TryServeFault(address))
                        return DirectExit.Fault;
                    Counters.Filled++;
                    break;
                case Signal.Trap:
                    GoBackToBreakpoint();
                    return DirectExit.Other;
                case < 0 or Signal.Kill:
                    return DirectExit.Lost;
                default:
                    return DirectExit.Other;
            }
        }
    }

    /// <summary>Whatever made the process enter the host's kernel is an instruction of two bytes; the guest's kernel is to see it.</summary>
    private void GoBackToSystemCall() => _state->Rip -= 2;

    /// <summary>INT3, or a trap by something else that translated code finds at or before the instruction pointer.</summary>
    private void GoBackToBreakpoint()
    {
        const byte Breakpoint = 0xCC;
        ulong before = _state->Rip - 1;
        if (_mmu.TryPeek(before, TlbMode.User, out PageTranslation page) && _ram.HostAddress(page.Physical + (before & 0xFFF)) is var at && at is not null && *at == Breakpoint)
            _state->Rip = before;
    }

    private static bool IsPageFault(int code) => code is 1 or 2;

    private void BackOff(Candidate candidate, long start)
    {
        long now = Stopwatch.GetTimestamp();
        if (now - start >= s_shortest)
        {
            candidate.BackOff = Math.Max(candidate.BackOff - 1, 0);
            return;
        }

        if (_mode == DirectTierMode.Always)
            return;
        candidate.BackOff = Math.Min(candidate.BackOff + 1, MaximumBackOff);
        candidate.NotBefore = now + (s_shortest << candidate.BackOff);
        _state->DirectWanted = 0;
    }

    /// <summary>Starts anew with an address space.</summary>
    private void Give(Candidate candidate)
    {
        candidate.Space?.Dispose();
        candidate.Space = null;
        candidate.Ticks = 0;
        candidate.BackOff = MaximumBackOff;
        candidate.NotBefore = Stopwatch.GetTimestamp() + (s_shortest << MaximumBackOff);
        _state->DirectWanted = 0;
    }

    /// <summary>An address space that may come here.</summary>
    private sealed class Candidate
    {
        public DirectSpace? Space { get; set; }

        public bool IsStale { get; set; }

        public int Ticks { get; set; }

        public long LastTick { get; set; }

        public long NotBefore { get; set; }

        public int BackOff { get; set; }
    }
}
