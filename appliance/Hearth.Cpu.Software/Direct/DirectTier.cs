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
/// instructions. So an address space comes here when a few ticks in a row found it in user code, and stays while what it saves is more than what
/// the ways cost (<see cref="DirectProfit"/>).
/// One tier a vCPU, all of it on the vCPU's thread except <see cref="PageChanged"/>.
/// </remarks>
internal sealed unsafe class DirectTier : IDisposable
{
    private const int HotTicks = 2;
    private const int MaximumSpaces = 8;
    private const int MaximumCandidates = 64;
    private const int MaximumRefusals = 32;
    private const int MaximumFlushed = 64;
    private const int SingleStepTrap = 2; // TRAP_TRACE
    private const ModeFlags Excluded = ModeFlags.SingleStep | ModeFlags.AlignmentCheck;
    private const ModeFlags Required = ModeFlags.Long | ModeFlags.User | ModeFlags.X87Usable | ModeFlags.SseUsable | ModeFlags.AvxUsable;
    private const ulong UnusualFlags = Rflags.System & ~Rflags.AlignmentCheck;

    private static readonly long s_tick = Stopwatch.Frequency / 2_000;
    private static readonly long s_tickLimit = Stopwatch.Frequency / 25;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly TranslationStore _store;
    private readonly VcpuMailbox _mailbox;
    private readonly DirectTierMode _mode;
    private readonly DirectSelectors _selectors;
    private readonly DirectProcessor _processor = new();
    private readonly Dictionary<ulong, Candidate> _candidates = [];
    private DirectLauncher? _launcher;
    private Candidate? _current;
    private int _pageChanged;
    private int _refusals;
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
        _selectors = new DirectSelectors(state, ram, mmu);
        Forget();
    }

    /// <summary>How often user code was taken over, and given back for each reason.</summary>
    public DirectCounters Counters { get; } = new();

    /// <summary>User code runs translated, but is wanted here: translated code is to be left at every jump to another page.</summary>
    public bool IsWaiting => _state->DirectWanted != 0 && (_state->Mode & (uint)ModeFlags.User) != 0;

    /// <summary>The code at hand should run here, and can.</summary>
    public bool TryPrepare()
    {
        if (!IsWaiting)
            return false;
        bool isRefused = _current?.Space is { } space && space.IsRefused(_state->Rip);
        if (!isRefused && CanCarry)
        {
            _refusals = 0;
            return true;
        }

        // Code that stays in pages which are not executed here is better off when it runs on without being looked at.
        if (!isRefused || ++_refusals >= MaximumRefusals)
            Decline();
        return false;
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
    public void PageFlushed(ulong linear)
    {
        foreach (Candidate candidate in _candidates.Values)
        {
            if (candidate.Space is null || candidate.IsStale)
                continue;
            if (candidate.Flushed.Count < MaximumFlushed)
                candidate.Flushed.Add(linear);
            else
                candidate.IsStale = true;
        }
    }

    /// <summary>A page that may be mapped in a process must not be written there any more, or not be executed. From any thread.</summary>
    public void PageChanged()
    {
        if (Interlocked.Exchange(ref _pageChanged, 1) == 0)
            _mailbox.InterruptProcess();
    }

    /// <summary>The vCPU was kicked: a good moment to let the host's scheduler do what it wants.</summary>
    public void Tick() => _processor.CheckTerm();

    /// <summary>The vCPU is about to sleep.</summary>
    public void Rest() => _processor.Release();

    /// <summary>Runs user code until something is the guest's business, or the vCPU is kicked.</summary>
    /// <returns>
    /// <see cref="DirectExit.Kicked"/> when it can go on here; otherwise the next instruction is for translated code. After
    /// <see cref="DirectExit.Lost"/> there is no next one: what the code had done so far is lost with the process that did it.
    /// </returns>
    public DirectExit Run()
    {
        long start = Stopwatch.GetTimestamp();
        Candidate candidate = Current();
        if (!TryEnter(candidate, out DirectSpace? space))
            return DirectExit.Other;
        Counters.Entries++;
        long mapping = Stopwatch.GetTimestamp() - start;
        DirectExit exit = RunUntilExit(candidate, space, ref mapping, out long inside, out int changes);
        long end = Stopwatch.GetTimestamp();
        long unmapped = space.TakeUnmapped();
        Counters.Count(exit, end - start);
        if (exit == DirectExit.Lost)
            return exit;
        if (!space.Process.Flush())
            Give(candidate);
        else if (_mode != DirectTierMode.Always && !candidate.Profit.IsWorthIt(inside, changes * space.Process.ChangeTime, mapping, unmapped, end - start, end))
            StayAway();
        else if (exit == DirectExit.Kicked && !_processor.HasOneOfItsOwn(space.Process, inside))
            Postpone(candidate, end);
        return exit;
    }

    public void Dispose()
    {
        foreach (Candidate candidate in _candidates.Values)
            candidate.Space?.Dispose();
        _candidates.Clear();
        _launcher?.Dispose();
    }

    /// <summary>All of the state is such that a process can have it.</summary>
    private bool CanCarry => ((ModeFlags)_state->Mode & (Required | Excluded)) == Required && (_state->SystemFlags & UnusualFlags) == 0 &&
        _state->InterruptEnable != 0 && _selectors.CanCarry;

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
        while (_candidates.Count >= MaximumCandidates)
        {
            (ulong root, Candidate oldest) = _candidates.MinBy(pair => pair.Value.LastTick);
            oldest.Space?.Dispose();
            _candidates.Remove(root);
        }
    }

    /// <summary>A process for an address space: a new one, or that of the address space that was last here the longest time ago.</summary>
    /// <exception cref="LinuxException">The host allows no such process.</exception>
    private DirectSpace NewSpace()
    {
        Candidate? oldest = _candidates.Values.Where(candidate => candidate.Space is not null).MinBy(candidate => candidate.LastTick);
        if (oldest is null || _candidates.Values.Count(candidate => candidate.Space is not null) < MaximumSpaces)
            return new DirectSpace(_state, _ram, _mmu, _store, _launcher ??= new DirectLauncher(), _selectors, _processor.Number);
        DirectSpace space = oldest.Space!;
        oldest.Space = null;
        space.UnmapAll();
        return space;
    }

    private void Update(Candidate candidate, long now)
    {
        bool isWanted = _mode == DirectTierMode.Always || (candidate.Ticks >= HotTicks && candidate.Profit.MayTry(now));
        _state->DirectWanted = isWanted ? (byte)1 : (byte)0;
    }

    private void Postpone(Candidate candidate, long now)
    {
        if (_mode == DirectTierMode.Always)
            return;
        candidate.Profit.Postpone(now);
        StayAway();
    }

    /// <summary>Has the address space translated until a tick or a flush brings it back.</summary>
    private void Decline()
    {
        _refusals = 0;
        _state->DirectWanted = 0;
    }

    private void StayAway()
    {
        _processor.Release();
        _state->DirectWanted = 0;
    }

    private bool TryEnter(Candidate candidate, out DirectSpace space)
    {
        space = candidate.Space!;
        _processor.Take();
        try
        {
            space = candidate.Space ??= NewSpace();
        }
        catch (LinuxException error)
        {
            // The host allows no such process: translated code does everything, as before.
            Counters.Refusal = error.Message;
            _refused = true;
            _state->DirectWanted = 0;
            return false;
        }

        space.Process.MoveTo(_processor.Number);
        bool isUsable = TryRefresh(candidate, space);
        if (candidate.FaultAddress != 0)
            space.Prepare(candidate.FaultAddress);
        candidate.FaultAddress = 0;
        if (isUsable && space.Process.Flush() && space.Process.Enter(_state))
            return true;
        Give(candidate);
        return false;
    }

    private static bool TryRefresh(Candidate candidate, DirectSpace space)
    {
        bool isUsable = true;
        if (candidate.IsStale)
        {
            isUsable = space.TryRefresh();
        }
        else
        {
            foreach (ulong linear in candidate.Flushed)
                isUsable &= space.TryRefresh(linear);
        }

        candidate.IsStale = false;
        candidate.Flushed.Clear();
        return isUsable;
    }

    /// <param name="mapping">Grows by how long it took to map pages, in <see cref="Stopwatch"/> ticks.</param>
    /// <param name="inside">How long guest code ran.</param>
    /// <param name="changes">How often the process ran.</param>
    private DirectExit RunUntilExit(Candidate candidate, DirectSpace space, ref long mapping, out long inside, out int changes)
    {
        (inside, changes) = (0, 0);
        while (true)
        {
            if (Interlocked.Exchange(ref _pageChanged, 0) != 0)
                RecheckPages();
            if (!space.Process.Flush())
                return space.Process.Id == 0 ? DirectExit.Lost : Leave(space, DirectExit.Other);
            if (!_mailbox.TryEnterProcess(space.Process.Id))
            {
                _mailbox.LeaveProcess();
                return Leave(space, DirectExit.Kicked);
            }

            long start = Stopwatch.GetTimestamp();
            TracedStop stop = space.Process.Run(out ulong instruction);
            long end = Stopwatch.GetTimestamp();
            inside += end - start;
            changes++;
            _mailbox.LeaveProcess();
            switch (stop.Signal)
            {
                case 0:
                    Leave(space, DirectExit.SystemCall);
                    GoBackToSystemCall();
                    return DirectExit.SystemCall;
                case Signal.User1:
                    break;
                case Signal.SegmentationViolation:
                    (int code, ulong address) = space.Process.SignalInfo();
                    if (!IsPageFault(code))
                    {
                        Leave(space, DirectExit.Other);
                        GoBackToOverflow(space.Process.IsAtFault);
                        return DirectExit.Other;
                    }

                    if (!space.TryServeFault(address, instruction))
                    {
                        candidate.FaultAddress = address;
                        return Leave(space, DirectExit.Fault);
                    }

                    Counters.Filled++;
                    mapping += Stopwatch.GetTimestamp() - end;
                    break;
                case Signal.Trap when space.Process.SignalInfo().Code == SingleStepTrap:
                    return Leave(space, DirectExit.SingleStep);
                case Signal.Trap:
                    Leave(space, DirectExit.Other);
                    GoBackToBreakpoint();
                    return DirectExit.Other;
                case < 0 or Signal.Kill:
                    return DirectExit.Lost;
                default:
                    return Leave(space, DirectExit.Other);
            }
        }
    }

    private DirectExit Leave(DirectSpace space, DirectExit exit)
    {
        space.Process.Leave(_state);
        return exit;
    }

    /// <summary>Another vCPU, or this one, has translated or changed code of pages that processes of this tier may have.</summary>
    private void RecheckPages()
    {
        foreach (Candidate candidate in _candidates.Values)
        {
            candidate.Space?.RecheckPages();
        }
    }

    /// <summary>Whatever made the process enter the host's kernel is an instruction of two bytes; the guest's kernel is to see it.</summary>
    private void GoBackToSystemCall() => _state->Rip -= 2;

    /// <summary>INT3 in either form, or a trap by something else that translated code finds at or before the instruction pointer.</summary>
    private void GoBackToBreakpoint()
    {
        const byte Breakpoint = 0xCC;
        const byte Interrupt = 0xCD;
        const byte BreakpointVector = 3;
        int last = Peek(_state->Rip - 1);
        if (last == Breakpoint)
            _state->Rip--;
        else if (last == BreakpointVector && Peek(_state->Rip - 2) == Interrupt)
            _state->Rip -= 2;
    }

    /// <summary>INT 4: of what the host's kernel tells of without an address, it is the one that has the instruction behind it.</summary>
    private void GoBackToOverflow(bool isAtFault)
    {
        if (!isAtFault)
            _state->Rip -= 2;
    }

    /// <summary>A byte of user memory; -1 when it cannot be read.</summary>
    private int Peek(ulong linear)
    {
        byte* at = _mmu.TryPeek(linear, TlbMode.User, out PageTranslation page) ? _ram.HostAddress(page.Physical + (linear & 0xFFF)) : null;
        return at is null ? -1 : *at;
    }

    private static bool IsPageFault(int code) => code is 1 or 2;

    /// <summary>Starts anew with an address space.</summary>
    private void Give(Candidate candidate)
    {
        candidate.Space?.Dispose();
        candidate.Space = null;
        candidate.Ticks = 0;
        candidate.Profit.Postpone(Stopwatch.GetTimestamp());
        _state->DirectWanted = 0;
    }

    /// <summary>An address space that may come here.</summary>
    private sealed class Candidate
    {
        public DirectSpace? Space { get; set; }

        /// <summary>Anything may have changed since the mappings were made.</summary>
        public bool IsStale { get; set; }

        /// <summary>What the guest has flushed since then, otherwise.</summary>
        public List<ulong> Flushed { get; } = [];

        public int Ticks { get; set; }

        public long LastTick { get; set; }

        /// <summary>What the guest's kernel was left to deal with the last time; 0 for nothing.</summary>
        public ulong FaultAddress { get; set; }

        public DirectProfit Profit { get; } = new();
    }
}
