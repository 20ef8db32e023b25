using Hearth.Linux;
using Hearth.Machine;
using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>A vCPU of the software engine: runs translated code, and between instructions everything else.</summary>
internal sealed unsafe class SoftwareVcpu : IBareVcpu, ICodeUser, IFlushObserver, IHostFpu
{
    private readonly SoftwareCpuEngine _engine;
    private readonly MappedMemory _memory;
    private readonly VcpuState* _state;
    private readonly VcpuMailbox _mailbox;
    private readonly JumpCache _jumps;
    private readonly Mmu _mmu;
    private readonly CodeFinder _code;
    private readonly SlowPath _slow;
    private readonly DebugEvents _debug;
    private readonly VcpuCore _core;
    private readonly Transitions _transitions;
    private readonly DirectTier _direct;

    /// <summary>The instruction at hand is one that user code was given back for.</summary>
    private bool _translateNext;
    private readonly TranslationStore _store;
    private readonly CodeStubs _stubs;
    private readonly Action _askOthersToStepAside;
    private ILocalApic? _apic;
    private int _startUpVector;
    private string _detail = "";

    internal SoftwareVcpu(SoftwareCpuEngine engine, int index)
    {
        _engine = engine;
        Index = index;
        _memory = MappedMemory.AnonymousHuge(VcpuState.Size);
        _state = (VcpuState*)_memory.Address;
        _state->TlbOffsetMask = (ulong)(VcpuState.TlbEntries - 1) << TlbEntry.SizeShift;
        _state->TlbPageMask = ~0xFFFUL;
        _state->JumpCacheMask = (ulong)(VcpuState.JumpCacheFirstEntries - 1) << JumpCache.EntryShift;
        _state->CanonicalMask = ~0UL << 47;
        _state->ArithmeticFlagsMask = StubBuilder.ArithmeticFlags;
        _state->TimeStampDisableMask = ControlRegister.Cr4TimeStampDisable;
        _state->SmapMask = ControlRegister.Cr4Smap;
        _state->AlignmentCheckMask = Rflags.AlignmentCheck;
        ReturnStack.Create(_state, engine.Store.Cache.Stubs.ReturnBottom);
        _mailbox = new VcpuMailbox(_state);
        _jumps = new JumpCache(_state);
        _store = engine.Store;
        RamLayout ram = engine.Ram.Layout;
        (_state->RamBase, _state->RamFlags, _state->RamLowLength, _state->RamHighLength) = ((ulong)ram.Start, (ulong)ram.Flags, ram.LowLength, ram.HighLength);
        _state->BlockIndex = (ulong)_store.Index.Buckets;
        _askOthersToStepAside = engine.AskOthersToStepAside;
        _stubs = _store.Cache.Stubs;
        _core = new VcpuCore(_state, engine, index, this);
        _mmu = _core.Mmu;
        _mmu.FlushObserver = this;
        _debug = _core.Debug;
        _transitions = new Transitions(_state, _store, _core.Access);
        _slow = new SlowPath(_state, engine.Ram, _mmu, _core.Access, _store);
        _direct = new DirectTier(_state, engine.Ram, _mmu, _store, _mailbox, engine.Options.DirectTier);
        _code = new CodeFinder(_state, engine.Ram, _mmu, _core.Access, _store, ClearStore);
        Reset();
    }

    public int Index { get; }

    internal VcpuState* State => _state;

    internal ExitCounters Counters { get; } = new();

    internal DirectCounters DirectCounters => _direct.Counters;

    public ITimestampCounter TimestampCounter => _core.TimestampCounter;

    public void Connect(ILocalApic apic)
    {
        ArgumentNullException.ThrowIfNull(apic);
        _apic = apic;
        _core.Connect(apic);
    }

    public VcpuExit Run(IVcpuBus bus)
    {
        _core.SetBus(bus);
        _engine.Thaw();
        _engine.Gate.Enter();
        try
        {
            return RunInside();
        }
        finally
        {
            // The next call may come from another thread.
            if (_state->X87Loaded != 0)
                Spill();
            _engine.Gate.Leave();
        }
    }

    public void Kick() => _mailbox.Post(VcpuRequests.Stop);

    public void InterruptChanged() => _mailbox.Post(VcpuRequests.Interrupt);

    public void NonMaskableInterrupt() => _mailbox.Post(VcpuRequests.Nmi);

    public void Init() => _mailbox.Post(VcpuRequests.Init);

    public void StartUp(byte vector)
    {
        Volatile.Write(ref _startUpVector, vector);
        _mailbox.Post(VcpuRequests.StartUp);
    }

    public void Reset()
    {
        _mailbox.Take(VcpuRequests.Signals);
        _core.Reset(Index == 0);
    }

    public CpuState Save()
    {
        // What other vCPUs sent since this one stopped is part of its state.
        Obey(_mailbox.Take(VcpuRequests.Signals));
        return _core.Save();
    }

    public void Restore(CpuState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _mailbox.Take(VcpuRequests.Signals);
        _core.Restore(state);

        // What waited before the restore may wait no more, and the other way round.
        _mailbox.Post(VcpuRequests.Interrupt);
    }

    public void Dispose()
    {
        _mailbox.Dispose();
        _engine.Remove(this);
        _direct.Dispose();
        _core.Dispose();
        _memory.Dispose();
    }

    void IHostFpu.Spill() => Spill();

    void IFlushObserver.Flushed(bool keepsGlobal)
    {
        if (keepsGlobal)
            _jumps.ClearLocal();
        else
            _jumps.Clear();
        _code.Forget();
        _direct.Flushed();
    }

    void IFlushObserver.PageFlushed(ulong linear)
    {
        _jumps.ClearPage(linear);
        _code.Forget();
        _direct.PageFlushed(linear);
    }

    void ICodeUser.ForgetAll() => _jumps.ForgetAll();

    void ICodeUser.DropWriteTags(ulong page) => _mmu.FlushWriteTags(page);

    void ICodeUser.PageChanged() => _direct.PageChanged();

    /// <summary>Asks this vCPU to come to <see cref="ExclusiveGate.StepAside"/>.</summary>
    internal void AskToStepAside() => _mailbox.Post(VcpuRequests.StepAside);

    /// <summary>Makes the vCPU forget every translation before its next instructions. From any thread.</summary>
    internal void AskToFlush() => _mailbox.Post(VcpuRequests.Flush);

    /// <summary>Makes the next write to any page see to it that the page is marked as dirty. While this vCPU is outside the gate.</summary>
    internal void TakeWriteRights()
    {
        _mmu.FlushWriteTags();
        _direct.PageChanged();
    }

    /// <summary>Takes back TSC ticks that passed while the machine's clock stood still.</summary>
    internal void SkipTicks(ulong ticks) => _core.SkipTicks(ticks);

    internal void AdvanceTicks(ulong ticks) => _core.AdvanceTicks(ticks);

    private VcpuExit RunInside()
    {
        while (true)
        {
            if (Volatile.Read(ref _state->Kick) != 0 || _state->Activity != (byte)VcpuActivity.Running || NeedsWindow())
            {
                if (!TryServeRequests(out VcpuExit exit))
                    return exit;
                continue;
            }

            StepResult result;
            if (_state->InterruptShadow != 0 || (_state->Mode & (uint)ModeFlags.SingleStep) != 0)
            {
                result = Step();
            }
            else if (!_translateNext && _direct.TryPrepare())
            {
                if (!TryRunDirect(out VcpuExit lost))
                    return lost;
                continue;
            }
            else
            {
                _translateNext = false;
                result = RunBlocks();
            }

            if (result != StepResult.Continue && !TryEnd(result, out VcpuExit end))
                return end;
        }
    }

    /// <summary>An interrupt or NMI waits and could be taken now.</summary>
    private bool NeedsWindow() => _state->InterruptShadow == 0 &&
        ((_state->InterruptWaiting != 0 && _state->InterruptEnable != 0) || (_core.NmiPending && _state->NmiBlocked == 0));

    /// <returns>False when Run is to return.</returns>
    private bool TryServeRequests(out VcpuExit exit)
    {
        exit = new VcpuExit(VcpuExitReason.Kicked);
        VcpuRequests requests = _mailbox.Take();
        _direct.Tick();
        if ((requests & VcpuRequests.StepAside) != 0)
            _engine.Gate.StepAside();
        if ((requests & VcpuRequests.Flush) != 0)
            _mmu.Flush();
        Obey(requests);
        if (!TryDeliverEvents())
        {
            exit = new VcpuExit(VcpuExitReason.Shutdown, "a fault could not be delivered, nor the double fault after it");
            return false;
        }

        if ((requests & VcpuRequests.Stop) != 0)
            return false;

        if (_state->Activity != (byte)VcpuActivity.Running)
        {
            _engine.Gate.Leave();
            _direct.Rest();
            _mailbox.Wait();
            _engine.Gate.Enter();
        }

        return true;
    }

    private void Obey(VcpuRequests requests)
    {
        if ((requests & VcpuRequests.Init) != 0)
            _core.Init(Index == 0);
        if ((requests & VcpuRequests.StartUp) != 0 && _state->Activity == (byte)VcpuActivity.WaitForSipi)
            _core.StartUp((byte)Volatile.Read(ref _startUpVector));
        if ((requests & VcpuRequests.Nmi) != 0)
            _core.NmiPending = true;
    }

    /// <returns>False for a triple fault.</returns>
    private bool TryDeliverEvents()
    {
        if (_state->Activity is (byte)VcpuActivity.WaitForSipi or (byte)VcpuActivity.Shutdown)
            return true;
        if (_core.Pending.Kind != PendingEventKind.None)
        {
            _state->InterruptWaiting = _apic is { HasInterrupt: true } ? 1u : 0u;
            return _core.TryDeliverPending();
        }

        if (_core.NmiPending && _state->NmiBlocked == 0 && _state->InterruptShadow == 0)
        {
            _core.NmiPending = false;

            // The kick that announced an interrupt may be this one, and there will be no other.
            _state->InterruptWaiting = _apic is { HasInterrupt: true } ? 1u : 0u;
            return _core.Events.Deliver(EventKind.Nmi, 2, hasError: false, 0) == StepResult.Continue;
        }

        _state->InterruptWaiting = 0;
        if (_apic is null || !_apic.HasInterrupt)
            return true;
        if (_state->InterruptEnable == 0 || _state->InterruptShadow != 0)
        {
            _state->InterruptWaiting = 1;
            return true;
        }

        int vector = _apic.Acknowledge();
        if (vector < 0)
            return true;

        // Another one may wait behind it; the handler runs with IF clear, so look again when it is set.
        _state->InterruptWaiting = _apic.HasInterrupt ? 1u : 0u;
        return _core.Events.Deliver(EventKind.External, (byte)vector, hasError: false, 0) == StepResult.Continue;
    }

    /// <returns>False when Run is to return.</returns>
    private bool TryRunDirect(out VcpuExit exit)
    {
        exit = default;
        if (_state->X87Loaded != 0)
            Spill();
        DirectExit left = _direct.Run();
        _translateNext = left != DirectExit.Kicked;
        if (left == DirectExit.SingleStep)
        {
            PendingFault.Set(_state, ExceptionVector.Debug);
            _state->FaultAddress = DebugControl.SingleStep;
            return TryEnd(StepResult.Fault, out exit);
        }

        if (left != DirectExit.Lost)
            return true;
        exit = new VcpuExit(VcpuExitReason.HostFault, "the host has ended a process that code of the guest ran in; it may be short of memory");
        return false;
    }

    /// <summary>Runs translated code until something other than a missing block or link needs C#.</summary>
    private StepResult RunBlocks()
    {
        if (_state->X87Loaded == 0)
            LoadX87();
        EnterMode();
        if (!TryPrepare((ModeFlags)_state->Mode))
            return FetchFailed();
        if (_direct.IsWaiting)
            _jumps.SetNoMode();
        StepResult result = Execute();

        // What C# accessed for an instruction may have hit a breakpoint.
        return _debug.HasHits && result == StepResult.Continue && !_debug.End() ? StepResult.Fault : result;
    }

    /// <summary>Runs one instruction with the bookkeeping of breakpoints, TF, RF and interrupt shadows.</summary>
    /// <param name="watched">It may hit a data breakpoint.</param>
    private StepResult Step(bool watched = false)
    {
        if (_state->X87Loaded == 0)
            LoadX87();
        EnterMode();
        bool debugging = watched || (_state->Mode & (uint)ModeFlags.SingleStep) != 0;
        if (debugging && !_debug.Begin())
            return StepResult.Fault;
        byte shadow = _state->InterruptShadow;
        TranslatedBlock? block = _code.Find((ModeFlags)_state->Mode | ModeFlags.SingleStep);
        if (block is null)
            return FetchFailed();
        _state->ResumeAddress = (ulong)block.NearEntry;
        _slow.IsStepping = true;
        StepResult result = Execute();
        _slow.IsStepping = false;
        if (result is StepResult.Fault or StepResult.Shutdown or StepResult.Unsupported)
            return result;

        // A second load of SS or STI does not make the shadow longer.
        if (shadow != 0)
            _state->InterruptShadow = 0;
        return (debugging || _debug.HasHits) && !_debug.End() ? StepResult.Fault : result;
    }

    /// <summary>Chooses where generated code is entered for the current instruction pointer.</summary>
    private bool TryPrepare(ModeFlags mode)
    {
        ulong known = _jumps.Find(_state->Rip);
        if (known != 0)
        {
            _state->AccessAddress = _state->Rip;
            _state->ResumeAddress = known;
            return true;
        }

        TranslatedBlock? block;
        int generation;
        do
        {
            // When everything is dropped the numbers of modes start anew.
            generation = _store.Generation;
            EnterMode();
            block = _code.Find(mode);
            if (block is null)
                return false;
        }
        while (generation != _store.Generation);
        _jumps.Add(block, _state->Rip, _code.Linear, IsGlobal(block), _mmu.IsLarge(_code.Linear) || block.CrossesPage);
        _state->ResumeAddress = (ulong)block.NearEntry;
        return true;
    }

    /// <summary>Everything of the block just found lies in pages that a load of CR3 does not drop.</summary>
    private bool IsGlobal(TranslatedBlock block) =>
        IsGlobal(_code.Linear) && (!block.CrossesPage || IsGlobal(_code.Linear + (ulong)block.Length - 1));

    private bool IsGlobal(ulong linear)
    {
        // The soft TLB knows, and may have forgotten since the code was found.
        if (_mmu.IsGlobal(linear))
            return true;
        bool mapped = _mmu.TryTranslate(linear, MemoryAccess.Execute, out _);
        _state->FaultPending = 0;
        return mapped && _mmu.IsGlobal(linear);
    }

    private void EnterMode()
    {
        while (!_jumps.TrySetMode((ModeFlags)_state->Mode, _state->SegmentBase[(int)SegmentName.CS], _store))
            ClearStore();
    }

    private StepResult FetchFailed()
    {
        if (_state->FaultPending != 0)
            return StepResult.Fault;
        _detail = $"code outside RAM at 0x{_state->Rip:x}";
        return StepResult.Unsupported;
    }

    /// <summary>Runs generated code to the next instruction boundary that C# has to see.</summary>
    private StepResult Execute()
    {
        while (true)
        {
            _stubs.Enter(_state);
            Counters.Count((ExitReason)_state->ExitReason);
            switch ((ExitReason)_state->ExitReason)
            {
                case ExitReason.LookupTarget:
                    return CompleteBranch(new BranchDetail(_state->ExitDetail));
                case ExitReason.Dead:
                    _state->Rip = _state->AccessAddress;
                    _jumps.Drop(_state->Rip);
                    return StepResult.Continue;
                case ExitReason.BadTarget:
                    SetRip(_state->ExitDetail);
                    return PendingFault.GeneralProtection(_state);
                case ExitReason.LookupOffset or ExitReason.Kicked:
                    SetRip(_state->ExitDetail);
                    if ((_state->Mode & (uint)ModeFlags.User) != 0)
                        _direct.UserTick();
                    return StepResult.Continue;
                case ExitReason.Chain:
                    return Chain();
                case ExitReason.Interpret:
                    return Interpret();
                case ExitReason.HostFault:
                    return HostFault();
                default:
                    if (TryAccess(out StepResult result))
                        continue;
                    return result;
            }
        }
    }

    private StepResult CompleteBranch(BranchDetail branch)
    {
        ulong target = _state->AccessAddress;
        if ((_state->Mode & (uint)ModeFlags.Long) != 0 && (ulong)((long)(target << 16) >> 16) != target)
        {
            SetRip(branch.Offset);
            return PendingFault.GeneralProtection(_state);
        }

        _state->Rip = target;
        if (branch.Popped != 0)
            Drop(branch.Popped);
        return StepResult.Continue;
    }

    private void Drop(uint bytes)
    {
        ref ulong pointer = ref _state->Gpr[RegisterMap.GuestRsp];
        var mode = (ModeFlags)_state->Mode;
        if ((mode & ModeFlags.Long) != 0)
            pointer += bytes;
        else if ((mode & ModeFlags.Stack32) != 0)
            pointer = (uint)(pointer + bytes);
        else
            pointer = (pointer & ~0xFFFFUL) | (ushort)(pointer + bytes);
    }

    /// <returns>True when generated code goes on.</returns>
    private bool TryAccess(out StepResult result)
    {
        AccessOutcome outcome;
        uint told = *(uint*)(_state->ResumeAddress + CodeStubs.DetailOffset);
        if (_state->ExitReason == (uint)ExitReason.Slow)
        {
            var detail = new AccessDetail(told);
            SetRip((uint)detail.Offset);
            outcome = _slow.Serve(detail);
            if (outcome == AccessOutcome.Fault && detail.WaitsForX87)
                _core.PreferPendingX87();
        }
        else
        {
            outcome = _slow.MayStoreNothing && StoredNothing() ? AccessOutcome.Resume : _slow.Commit((int)told);
        }

        result = StepResult.Continue;
        switch (outcome)
        {
            case AccessOutcome.Resume:
                return true;
            case AccessOutcome.Fault:
                result = StepResult.Fault;
                break;
            case AccessOutcome.Step:
                result = Step(watched: true);
                break;
            case AccessOutcome.Exclusive:
                result = StepAlone();
                break;
            default:
                break;
        }

        return false;
    }

    /// <summary>
    /// An unmasked invalid, denormal, zero-divide, overflow or underflow exception leaves the destination alone; inexact results
    /// are stored (Intel SDM Vol. 1, section 8.5).
    /// </summary>
    private bool StoredNothing()
    {
        const int ControlOffset = 0;
        const int StatusOffset = 2;
        const int Preventing = 0x1F;
        Spill();
        int unmasked = _state->X87[StatusOffset] & ~_state->X87[ControlOffset] & Preventing;
        LoadX87();
        return unmasked != 0;
    }

    private StepResult StepAlone()
    {
        bool watched = _slow.IsStepping;
        _engine.Gate.Acquire(_askOthersToStepAside);
        _slow.IsExclusive = true;
        StepResult result = Step(watched);
        _slow.IsExclusive = false;
        _engine.Gate.Release();
        return result;
    }

    private StepResult Chain()
    {
        int generation = _store.Generation;
        byte* back = (byte*)_state->ResumeAddress;
        var detail = new ChainDetail(*(uint*)back);
        ulong page = (ulong)*(uint*)(back + sizeof(uint)) << GuestRam.PageShift;
        SetRip(detail.Target);
        if (_state->Kick != 0)
            return StepResult.Continue;
        TranslatedBlock? block = _code.Find((ModeFlags)_state->Mode);
        if (block is null)
            return FetchFailed();
        _store.Link(back - detail.Distance, page, block, detail.IsChecked, generation);
        return StepResult.Continue;
    }

    private StepResult Interpret()
    {
        ref readonly KeptInstruction kept = ref _store.Cache.Kept((int)_state->ExitDetail);
        Instruction instruction = kept.Instruction;
        Counters.CountInterpreted(instruction.Mnemonic);
        SetRip((uint)instruction.IP);
        instruction.IP = _state->Rip;
        if (instruction.IsIPRelativeMemoryOperand)
            instruction.MemoryDisplacement64 += _state->PageRip;
        if (!Transitions.IsTransition(instruction.Code))
            return _core.Execute(instruction, kept);
        _transitions.Begin();
        StepResult result = _core.Execute(instruction, kept);
        if (result == StepResult.Continue)
            _transitions.End(instruction.Code);
        return result;
    }

    private StepResult HostFault()
    {
        uint host = (uint)((byte*)_state->ResumeAddress - _store.Cache.Start);
        SetRip((uint)_store.Cache.Map.Find(host));
        switch (_state->HostSignal)
        {
            case Signal.FloatingPoint:
                return _core.ArithmeticFault();
            case Signal.SegmentationViolation when _state->HostSignalCode == SegmentationByKernel:
                return PendingFault.GeneralProtection(_state);
            default:
                // A fault of ours, not the guest's: the instruction is this one or one behind it.
                _detail = $"signal {_state->HostSignal} (code {(int)_state->HostSignalCode}, address 0x{_state->FaultAddress:x}) in generated code";
                return StepResult.Unsupported;
        }
    }

    /// <summary>SI_KERNEL: a general-protection fault, which has no address; here always a misaligned vector or a reserved MXCSR bit.</summary>
    private const uint SegmentationByKernel = 128;

    /// <returns>False when Run is to return.</returns>
    private bool TryEnd(StepResult result, out VcpuExit exit)
    {
        exit = default;
        switch (result)
        {
            case StepResult.Fault:
                Counters.CountFault(_state->FaultVector);
                if (_core.Events.DeliverPending() == StepResult.Continue)
                    return true;
                exit = new VcpuExit(VcpuExitReason.Shutdown, "a fault could not be delivered, nor the double fault after it");
                return false;
            case StepResult.Halt:
                _state->Activity = (byte)VcpuActivity.Halted;
                return true;
            case StepResult.Shutdown:
                exit = new VcpuExit(VcpuExitReason.Shutdown, "a fault could not be delivered, nor the double fault after it");
                return false;
            default:
                exit = new VcpuExit(_state->ExitReason == (uint)ExitReason.HostFault ? VcpuExitReason.HostFault : VcpuExitReason.Unsupported, _detail.Length > 0 ? _detail : _core.Detail);
                return false;
        }
    }

    private void SetRip(uint pageOffset)
    {
        ulong rip = _state->PageRip + pageOffset;
        _state->Rip = (_state->Mode & (uint)ModeFlags.Long) != 0 ? rip : (uint)rip;
    }

    private void ClearStore()
    {
        if (_slow.IsExclusive)
        {
            _store.Clear();
            return;
        }

        _engine.Gate.Acquire(_askOthersToStepAside);

        // Another vCPU may have done it while this one waited.
        if (_store.IsFull)
            _store.Clear();
        _engine.Gate.Release();
    }

    private void LoadX87()
    {
        _stubs.LoadX87(_state);
        _state->X87Loaded = 1;
    }

    private void Spill()
    {
        const int LastInstruction = 6;
        const int LastInstructionLength = 18;
        _stubs.SaveX87(_state);

        // Opcode and addresses of the last x87 instruction are the host's, and must not reach the guest or its saved state.
        new Span<byte>(_state->X87 + LastInstruction, LastInstructionLength).Clear();
        _state->X87Loaded = 0;
    }
}
