using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>What a vCPU has of a paravirtual interface: its model-specific registers, none here, and the paravirtual clock, which goes on without them. See docs/paravirtual.md.</summary>
/// <remarks>The clock is a line over the time-stamp counter: a counter, the nanoseconds at it, and the counter's frequency.</remarks>
internal class ParavirtualRegisters
{
    protected const long NanosecondsPerSecond = 1_000_000_000;

    // struct kvm_clock_pairing (Documentation/virt/kvm/x86/hypercalls.rst, KVM_HC_CLOCK_PAIRING).
    private const int PairLength = 64;
    private const int PairNanosecondsOffset = 8;
    private const int PairTimestampOffset = 16;

    private const long NanosecondsPerTick = 100;

    private readonly GuestRam _ram;
    private readonly TimeProvider _host;

    /// <param name="tsc">This vCPU's.</param>
    /// <param name="host">Its wall clock is the one the real-time clock shows.</param>
    public ParavirtualRegisters(GuestRam ram, ITimestampCounter tsc, TimeProvider host)
    {
        _ram = ram;
        Tsc = tsc;
        _host = host;
        Scale = new ClockScale(tsc.Frequency);
    }

    public virtual ParavirtualInterface Interface => ParavirtualInterface.None;

    protected ITimestampCounter Tsc { get; }

    protected ClockScale Scale { get; }

    /// <summary>A point of the clock's line: ticks of the guest's counter, and <see cref="BaseTime"/> at them.</summary>
    protected ulong BaseTicks { get; private set; }

    /// <summary>Nanoseconds.</summary>
    protected ulong BaseTime { get; private set; }

    /// <returns>False when there is no such register.</returns>
    public virtual bool TryRead(uint msr, out ulong value)
    {
        value = 0;
        return false;
    }

    /// <returns>False when there is no such register, or it does not take the value.</returns>
    public virtual bool TryWrite(uint msr, ulong value) => false;

    /// <summary>Brings back a register that a saved state has. The clock is set afterwards.</summary>
    /// <inheritdoc cref="TryWrite"/>
    public virtual bool TryRestore(uint msr, ulong value) => TryWrite(msr, value);

    /// <summary>RESET. The clock goes on.</summary>
    public virtual void Reset()
    {
    }

    /// <summary>INIT. The clock goes on.</summary>
    public virtual void Init()
    {
    }

    /// <summary>Nanoseconds of the clock at a value of the time-stamp counter; not less than 0.</summary>
    public virtual ulong ClockAt(ulong ticks)
    {
        ulong passed = ticks - BaseTicks;
        if ((long)passed >= 0)
            return BaseTime + Scale.ToNanoseconds(passed);
        ulong before = Scale.ToNanoseconds(0 - passed);
        return BaseTime > before ? BaseTime - before : 0;
    }

    /// <summary>Sets the clock: it shows a time at a value of the time-stamp counter.</summary>
    /// <param name="nanoseconds">Of the clock.</param>
    public virtual void SetClock(ulong ticks, ulong nanoseconds) => (BaseTicks, BaseTime) = (ticks, nanoseconds);

    /// <summary>The guest has put its time-stamp counter forward, or back; the clock goes on as it was.</summary>
    public virtual void CounterMoved(ulong ticks) => BaseTicks += ticks;

    /// <summary>The time-stamp counter was put back, and the clock goes back with it.</summary>
    public virtual void CounterSkipped()
    {
    }

    /// <summary>The counter has gone on while the guest did not run: a guest that can be told does not take that for a fault of its own.</summary>
    public virtual void GuestStopped()
    {
    }

    /// <summary>Writes the date and the time-stamp counter of one instant: KVM's hypercall, which is there whatever the interface.</summary>
    /// <returns>False, with nothing written, when the address is not RAM.</returns>
    public bool TryWritePair(ulong address)
    {
        (long seconds, long rest) = Math.DivRem(HostTime(), NanosecondsPerSecond);
        Span<byte> pair = stackalloc byte[PairLength];
        pair.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(pair, seconds);
        BinaryPrimitives.WriteInt64LittleEndian(pair[PairNanosecondsOffset..], rest);
        BinaryPrimitives.WriteUInt64LittleEndian(pair[PairTimestampOffset..], Tsc.Now);
        return _ram.TryWrite(new GuestAddress(address), pair);
    }

    /// <summary>Nanoseconds since 1970, UTC.</summary>
    protected long HostTime() => (_host.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;
}
