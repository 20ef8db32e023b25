using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// A vCPU's model-specific registers of Hyper-V's interface (Hypervisor Top-Level Functional Specification, appendix on synthetic MSRs); those of its local APIC
/// belong to that. See docs/paravirtual.md.
/// </summary>
/// <remarks>
/// The clock is kept as the reference TSC page has it, an offset in units of 100 ns to a multiple of the counter, so that a saved clock gives the same page again.
/// </remarks>
internal sealed class HyperVRegisters : ParavirtualRegisters
{
    private const ulong Enabled = 1;
    private const ulong AddressMask = ~0xFFFUL;
    private const ulong NanosecondsPerUnit = 100;

    /// <summary>What of the assist page is the hypervisor's: APIC assist.</summary>
    private const int AssistLength = 4;

    private readonly HyperVPartition _partition;
    private readonly int _index;
    private readonly GuestRam _ram;
    private ulong _assistPage;
    private long _offset;

    /// <param name="index">The vCPU's. The clock of vCPU 0 is the machine's.</param>
    /// <inheritdoc cref="ParavirtualRegisters(GuestRam, ITimestampCounter, TimeProvider)"/>
    public HyperVRegisters(HyperVPartition partition, int index, GuestRam ram, ITimestampCounter tsc, TimeProvider host)
        : base(ram, tsc, host)
    {
        _partition = partition;
        _index = index;
        _ram = ram;
    }

    public override ParavirtualInterface Interface => ParavirtualInterface.HyperV;

    /// <inheritdoc cref="HyperVPartition.IsGuestKnown"/>
    public bool IsGuestKnown => _partition.IsGuestKnown;

    private bool IsBootstrap => _index == 0;

    public override bool TryRead(uint msr, out ulong value)
    {
        const ulong Kilo = 1000;
        switch (msr)
        {
            case Msr.HyperVProcessorIndex:
                value = (ulong)_index;
                return true;
            case Msr.HyperVReferenceTime:
                value = ClockAt(Tsc.Now) / NanosecondsPerUnit;
                return true;
            case Msr.HyperVTscFrequency:
                value = Tsc.Frequency / Kilo * Kilo; // as exactly as KVM knows it
                return true;
            case Msr.HyperVApicFrequency:
                value = CpuidBuilder.ApicTimerFrequency;
                return true;
            case Msr.HyperVAssistPage:
                value = _assistPage;
                return true;
            default:
                bool isShared = HyperVPartition.Handles(msr);
                value = isShared ? _partition.Read(msr) : 0;
                return isShared;
        }
    }

    public override bool TryWrite(uint msr, ulong value) => msr == Msr.HyperVAssistPage
        ? TrySetAssistPage(value)
        : HyperVPartition.Handles(msr) && _partition.TryWrite(msr, value);

    public override bool TryRestore(uint msr, ulong value)
    {
        if (!HyperVPartition.Handles(msr))
            return TryWrite(msr, value);
        return !IsBootstrap || _partition.TryRestore(msr, value);
    }

    public override void Reset()
    {
        _assistPage = 0;
        if (IsBootstrap)
            _partition.Reset();
    }

    public override ulong ClockAt(ulong ticks) => (ulong)Math.Max(_partition.Scale.Nanoseconds(ticks, _offset), 0);

    public override void SetClock(ulong ticks, ulong nanoseconds) => SetOffset(_partition.Scale.Offset(ticks, nanoseconds));

    public override void CounterMoved(ulong ticks)
    {
        ulong now = Tsc.Now;
        SetOffset(_offset + (long)(_partition.Scale.Units(now - ticks) - _partition.Scale.Units(now)));
    }

    private void SetOffset(long offset)
    {
        _offset = offset;
        if (IsBootstrap)
            _partition.SetOffset(offset);
    }

    /// <summary>The bit that would let the guest leave out the end of an interrupt is never set, as the interface allows. The rest of the page is the guest's.</summary>
    private bool TrySetAssistPage(ulong value)
    {
        Span<byte> assist = stackalloc byte[AssistLength];
        assist.Clear();
        if ((value & Enabled) != 0 && !_ram.TryWrite(new GuestAddress(value & AddressMask), assist))
            return false;
        _assistPage = value;
        return true;
    }
}
