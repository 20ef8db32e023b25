using Hearth.Machine;

namespace Hearth.Devices.Platform.Hpet;

/// <summary>One timer of the HPET. Times are main-counter ticks of 10 ns. <see cref="HpetDevice"/>'s lock guards it.</summary>
internal sealed class HpetTimer
{
    /// <summary>No match lies ahead.</summary>
    public const ulong Never = ulong.MaxValue;

    // Ticks: a match further away than this (a thousand years) will not come.
    private const ulong Horizon = 1UL << 61;

    private ulong _configuration;
    private ulong _comparator;
    private ulong _period;

    public HpetTimer() => Reset();

    public ulong Configuration => _configuration | HpetRegisters.TimerCapabilities;

    public ulong Comparator => _comparator;

    /// <summary>The tick of the clock (not of the main counter, which a guest may set) at which the next match falls.</summary>
    public ulong Due { get; private set; } = Never;

    public bool IsEnabled => (_configuration & HpetRegisters.InterruptEnable) != 0;

    public bool IsLevel => (_configuration & HpetRegisters.LevelTriggered) != 0;

    /// <summary>The IOAPIC pin, when it is not replaced by the legacy route.</summary>
    public int Route => (int)((_configuration & HpetRegisters.RouteMask) >> HpetRegisters.RouteShift);

    /// <summary>Ticks from one match to the next; zero when there is only one.</summary>
    public ulong Period => IsPeriodic ? _period : 0;

    private bool IsPeriodic => (_configuration & HpetRegisters.Periodic) != 0;

    private ulong Mask => (_configuration & HpetRegisters.Mode32) != 0 ? uint.MaxValue : ulong.MaxValue;

    public void Reset()
    {
        _configuration = HpetRegisters.FirstRoute << HpetRegisters.RouteShift;
        _comparator = ulong.MaxValue;
        _period = 0;
        Due = Never;
    }

    /// <summary>Writes bits of the configuration. A route that is not offered is not taken, so software reads back another.</summary>
    public void WriteConfiguration(ulong value, ulong mask)
    {
        ulong writable = HpetRegisters.TimerWritable & mask;
        _configuration = (_configuration & ~writable) | (value & writable);
        int route = (int)((value & HpetRegisters.RouteMask) >> HpetRegisters.RouteShift);
        if ((mask & HpetRegisters.RouteMask) != 0 && route is >= HpetRegisters.FirstRoute and <= HpetRegisters.LastRoute)
            _configuration = (_configuration & ~HpetRegisters.RouteMask) | ((ulong)route << HpetRegisters.RouteShift);
        if ((_configuration & HpetRegisters.Mode32) != 0)
        {
            _comparator = (uint)_comparator;
            _period = (uint)_period;
        }
    }

    /// <summary>
    /// Writes bits of the comparator. A periodic timer takes them as its period, and as its next match only after the
    /// value-set bit was written, which counts for one write (section 2.3.9.2.2).
    /// </summary>
    public void WriteComparator(ulong value, ulong mask)
    {
        mask &= Mask;
        if (IsPeriodic)
            _period = (_period & ~mask) | (value & mask);
        if (!IsPeriodic || (_configuration & HpetRegisters.ValueSet) != 0)
            _comparator = (_comparator & ~mask) | (value & mask);
        _configuration &= ~HpetRegisters.ValueSet;
    }

    /// <summary>Finds the next match; the counter stands at <paramref name="counter"/> now.</summary>
    public void Schedule(ulong now, ulong counter)
    {
        ulong distance = (_comparator - counter) & Mask;
        Due = distance < Horizon ? now + distance : Never;
    }

    public void Halt() => Due = Never;

    /// <summary>Passes matches that have come.</summary>
    /// <returns>How many have, of a timer that is not periodic one at most.</returns>
    public ulong Pass(ulong now)
    {
        if (Due > now)
            return 0;
        if (Period != 0)
        {
            ulong periods = ((now - Due) / _period) + 1;
            _comparator = (_comparator + (periods * _period)) & Mask;
            Due += periods * _period;
            return periods;
        }

        // The next match is when the counter has gone round.
        Due = Mask == uint.MaxValue ? now - ((now - Due) & Mask) + Mask + 1 : Never;
        return 1;
    }

    public void Save(IStateWriter to)
    {
        to.WriteUInt64(_configuration);
        to.WriteUInt64(_comparator);
        to.WriteUInt64(_period);
        to.WriteUInt64(Due);
    }

    public void Restore(IStateReader from)
    {
        Reset();
        WriteConfiguration(from.ReadUInt64(), ulong.MaxValue);
        _comparator = from.ReadUInt64() & Mask;
        _period = from.ReadUInt64() & Mask;
        Due = from.ReadUInt64();
    }
}
