using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm;

/// <summary>A vCPU that the host's processor runs, with its local APIC in the kernel.</summary>
internal sealed unsafe class KvmVcpu : IVcpu, IEngineApic, IInterruptLine
{
    private readonly KvmCpuEngine _engine;
    private readonly int _index;
    private readonly KvmVcpuHandle _handle;

    // SAFETY: mapped as long as the handle is open, which is closed last.
    private readonly kvm_run* _shared;
    private readonly VcpuMailbox _mailbox;
    private readonly KvmStateMapper _mapper;
    private readonly CpuState _resetState;
    private IExternalInterruptController? _external;

    // The INTR pin. Set by any thread, with the mailbox's request after it.
    private volatile bool _externalAsserted;

    // What kvm_run says of the interrupt window is from before the state was set.
    private bool _isWindowStale = true;

    // The processor shut down; only a reset or another state brings it back.
    private bool _isShutDown;

    /// <param name="handle">Owned; just created.</param>
    public KvmVcpu(KvmCpuEngine engine, int index, KvmVcpuHandle handle)
    {
        _engine = engine;
        _index = index;
        _handle = handle;
        _shared = handle.Shared;
        _mailbox = new VcpuMailbox(_shared);
        _mapper = new KvmStateMapper(handle, engine.Model, new MsrSet(handle, engine.KeptMsrs, engine.Model, engine.Paravirtual));
        _resetState = CpuState.AtReset(engine.Model, index == 0, engine.Paravirtual);
        Reset();
        ((IEngineApic)this).Reset();
    }

    IInterruptLine IEngineApic.ExternalInput => this;

    internal ulong TscOffset
    {
        get => _handle.TscOffset;
        set => _handle.TscOffset = value;
    }

    /// <summary>Lets ticks pass in which the guest did not run.</summary>
    internal void AdvanceTicks(ulong ticks)
    {
        TscOffset += ticks;
        _handle.TellStopped();
    }

    public VcpuExit Run(IVcpuBus bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        _mailbox.Attach();
        _engine.Thaw();
        while (true)
        {
            VcpuRequests requests = _mailbox.Take();
            if ((requests & VcpuRequests.Stop) != 0)
                return TryCompleteAccess(bus, out VcpuExit fault) ? new VcpuExit(VcpuExitReason.Kicked) : fault;
            if (_isShutDown)
                return ShutDown();
            if (_externalAsserted || _shared->request_interrupt_window != 0)
            {
                if (_isWindowStale && !TryCompleteAccess(bus, out VcpuExit failed))
                    return failed;
                _isWindowStale = false;
                OfferExternalInterrupt();
            }

            if (!TryServe(Enter(), bus, out VcpuExit exit))
                return exit;
        }
    }

    public void Kick() => _mailbox.Post(VcpuRequests.Stop);

    public void Reset() => Restore(_resetState);

    public CpuState Save()
    {
        CpuState state = _mapper.Save();
        state.Tsc = _engine.FrozenTimestamp(this) + TscOffset;
        state.Clock = _engine.FrozenClock(this);
        if (_isShutDown)
            state.Activity = VcpuActivity.Shutdown;
        return state;
    }

    public void Restore(CpuState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _mapper.Restore(state);
        TscOffset = state.Tsc - _engine.FrozenTimestamp(this);

        // One clock for all: the bootstrap processor's state has it.
        if (_index == 0)
            _engine.SetClock(this, state.Clock);
        _isShutDown = state.Activity == VcpuActivity.Shutdown;
        _isWindowStale = true;
    }

    public void Dispose()
    {
        _mailbox.Dispose();
        _handle.Dispose();
    }

    void IEngineApic.Connect(IExternalInterruptController external) => _external = external;

    /// <summary>The pin is the PIC's and keeps its level.</summary>
    void IEngineApic.Reset()
    {
        LocalApicState state = LocalApicState.AtReset(_index);
        state.Lint0 = _externalAsserted;
        ((IEngineApic)this).Restore(state, 0);
    }

    LocalApicState IEngineApic.Save(long now)
    {
        ulong apicBase = _handle.GetMsr(Msr.ApicBase);
        return ApicPage.Load(_handle.GetLocalApic(), apicBase, _handle.GetMsr(Msr.TscDeadline), _externalAsserted, now);
    }

    void IEngineApic.Restore(LocalApicState state, long now)
    {
        // The mode decides how the page is read; the deadline is only taken in its mode.
        if (!_handle.TrySetMsr(Msr.ApicBase, state.Base))
            throw new SavedStateException($"the local APIC of vCPU {_index} cannot be at 0x{state.Base:x}");
        try
        {
            _handle.SetLocalApic(ApicPage.Store(state, _index, now));
        }
        catch (LinuxException error)
        {
            throw new SavedStateException($"the local APIC of vCPU {_index} cannot be in its saved state: {error.Message}", error);
        }

        if (!_handle.TrySetMsr(Msr.TscDeadline, state.TscDeadline))
            throw new SavedStateException($"the timer of vCPU {_index} cannot end at 0x{state.TscDeadline:x}");
        _externalAsserted = state.Lint0;
        _isWindowStale = true;
    }

    /// <summary>The INTR pin.</summary>
    void IInterruptLine.Set(bool asserted)
    {
        _externalAsserted = asserted;
        if (asserted)
            _mailbox.Post(VcpuRequests.ExternalInterrupt);
    }

    internal void AddVectors(Span<ulong> into) => ApicPage.AddVectors(_handle.GetLocalApic(), into);

    /// <summary>The host's time-stamp counter in guest ticks.</summary>
    internal ulong HostTimestamp() => _handle.GetMsr(Msr.Tsc) - TscOffset;

    private static VcpuExit ShutDown() => new(VcpuExitReason.Shutdown, "a fault could not be delivered, nor the double fault after it");

    private KvmExit Enter()
    {
        _mailbox.Enter();
        KvmExit exit = _handle.Run();
        _mailbox.Leave();
        return exit;
    }

    /// <returns>False when Run is to return.</returns>
    private bool TryServe(KvmExit exit, IVcpuBus bus, out VcpuExit end)
    {
        end = default;
        switch (exit)
        {
            case KvmExit.Io:
                AccessExits.ServePorts(_shared, bus);
                return true;
            case KvmExit.Mmio:
                AccessExits.ServeMemory(_shared, bus);
                return true;
            case KvmExit.Interrupted or KvmExit.InterruptWindowOpen:
                return true;
            case KvmExit.IoApicEndOfInterrupt:
                _engine.EndOfInterrupt(_shared->eoi_vector);
                return true;
            case KvmExit.Shutdown:
                _isShutDown = true;
                end = ShutDown();
                return false;
            default:
                end = ExitDetail.Describe(exit, _handle);
                return false;
        }
    }

    /// <summary>
    /// Ends the instruction whose access was served last: until it is entered again, the kernel keeps the data that belong to its registers. What
    /// further accesses it makes are served; kvm_run is up to date then.
    /// </summary>
    /// <returns>False when the vCPU cannot go on.</returns>
    private bool TryCompleteAccess(IVcpuBus bus, out VcpuExit fault)
    {
        KvmExit exit;
        do
        {
            exit = EnterAndLeave();
            if (!TryServe(exit, bus, out fault))
                return false;
        }
        while (exit != KvmExit.Interrupted);
        return true;
    }

    /// <summary>Has the kernel finish and tell what it can without running guest code. What it tells must be served: an instruction may have more accesses.</summary>
    private KvmExit EnterAndLeave()
    {
        Volatile.Write(ref _shared->immediate_exit, 1);
        KvmExit exit = _handle.Run();
        Volatile.Write(ref _shared->immediate_exit, 0);
        _mailbox.Repeat();
        return exit;
    }

    /// <summary>
    /// Gives the vCPU the PIC's interrupt if it takes one now, and otherwise asks to be told when it does. As an event of the vCPU, which is
    /// part of its state, and not by KVM_INTERRUPT, which leaves it where nobody sees it until the vCPU is entered.
    /// </summary>
    private void OfferExternalInterrupt()
    {
        if (_externalAsserted && _shared->ready_for_interrupt_injection != 0)
        {
            int vector = _external?.Acknowledge() ?? -1;
            if (vector >= 0)
            {
                Inject((byte)vector);
                _shared->ready_for_interrupt_injection = 0;
            }
        }

        _shared->request_interrupt_window = _externalAsserted ? (byte)1 : (byte)0;
    }

    private void Inject(byte vector)
    {
        kvm_vcpu_events events = _handle.GetEvents();
        events.flags = 0;
        (events.interrupt_injected, events.interrupt_nr, events.interrupt_soft) = (1, vector, 0);
        _handle.SetEvents(events);
        if (_handle.GetActivity() == KvmActivity.Halted)
            _handle.SetActivity(KvmActivity.Runnable);
    }
}
