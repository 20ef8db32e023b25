using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>The model-specific registers of KVM's paravirtual interface: kvmclock and PV EOI (Linux, Documentation/virt/kvm/x86/msr.rst). See docs/paravirtual.md.</summary>
/// <remarks>
/// The clock is a line over the time-stamp counter: a counter, the nanoseconds at it, and the counter's frequency. The guest's page is written when
/// the guest names it, and when the line changes; between these the guest computes by itself.
/// </remarks>
internal sealed class ParavirtualRegisters
{
    private const ulong Enabled = 1;

    // struct pvclock_vcpu_time_info.
    private const int ClockPageLength = 32;
    private const int VersionLength = 4;
    private const int TimestampOffset = 8;
    private const int SystemTimeOffset = 16;
    private const int MultiplierOffset = 24;
    private const int ShiftOffset = 28;
    private const int FlagsOffset = 29;

    /// <summary>PVCLOCK_TSC_STABLE_BIT: the clocks of all vCPUs agree.</summary>
    private const byte IsStable = 1;

    // struct pvclock_wall_clock.
    private const int WallClockLength = 12;
    private const int SecondsOffset = 4;
    private const int NanosecondsOffset = 8;

    // struct kvm_clock_pairing (Documentation/virt/kvm/x86/hypercalls.rst, KVM_HC_CLOCK_PAIRING).
    private const int PairLength = 64;
    private const int PairNanosecondsOffset = 8;
    private const int PairTimestampOffset = 16;

    private const long NanosecondsPerTick = 100;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly GuestRam _ram;
    private readonly ITimestampCounter _tsc;
    private readonly TimeProvider _host;
    private readonly ClockScale _scale;
    private ulong _wallClock;
    private ulong _systemTime;
    private ulong _endOfInterrupt;

    // A point of the clock's line: ticks of the guest's counter, and nanoseconds at them.
    private ulong _baseTicks;
    private ulong _baseTime;

    /// <param name="tsc">This vCPU's.</param>
    /// <param name="host">Its wall clock is the one the real-time clock shows.</param>
    public ParavirtualRegisters(GuestRam ram, ITimestampCounter tsc, TimeProvider host)
    {
        _ram = ram;
        _tsc = tsc;
        _host = host;
        _scale = new ClockScale(tsc.Frequency);
    }

    public static bool Handles(uint msr) =>
        msr is Msr.KvmWallClockOld or Msr.KvmSystemTimeOld or Msr.KvmWallClock or Msr.KvmSystemTime or Msr.KvmEndOfInterrupt;

    /// <summary>One of those that are handled here.</summary>
    public ulong Read(uint msr) => msr switch
    {
        Msr.KvmWallClockOld or Msr.KvmWallClock => _wallClock,
        Msr.KvmEndOfInterrupt => _endOfInterrupt,
        _ => _systemTime,
    };

    /// <summary>One of those that are handled here. An address outside RAM is kept, and nothing is written there.</summary>
    /// <returns>False when the register does not take the value.</returns>
    public bool TryWrite(uint msr, ulong value)
    {
        switch (msr)
        {
            case Msr.KvmWallClockOld or Msr.KvmWallClock:
                _wallClock = value;
                WriteWallClock();
                return true;
            case Msr.KvmEndOfInterrupt:
                return TrySetEndOfInterrupt(value);
            default:
                _systemTime = value;
                WriteClock();
                return true;
        }
    }

    /// <summary>INIT, or RESET: no page is the guest's clock any more. The clock goes on.</summary>
    public void Reset() => (_systemTime, _endOfInterrupt, _wallClock) = (0, 0, 0);

    /// <summary>Nanoseconds of the clock at a value of the time-stamp counter; not less than 0.</summary>
    public ulong ClockAt(ulong ticks)
    {
        ulong passed = ticks - _baseTicks;
        if ((long)passed >= 0)
            return _baseTime + _scale.ToNanoseconds(passed);
        ulong before = _scale.ToNanoseconds(0 - passed);
        return _baseTime > before ? _baseTime - before : 0;
    }

    /// <summary>Sets the clock: it shows a time at a value of the time-stamp counter.</summary>
    /// <param name="nanoseconds">Of the clock.</param>
    public void SetClock(ulong ticks, ulong nanoseconds)
    {
        (_baseTicks, _baseTime) = (ticks, nanoseconds);
        WriteClock();
    }

    /// <summary>The guest has put its time-stamp counter forward, or back; the clock goes on as it was.</summary>
    public void CounterMoved(ulong ticks)
    {
        _baseTicks += ticks;
        WriteClock();
    }

    /// <summary>The time-stamp counter was put back, and the clock goes back with it. A guest does not expect a counter before the one in its page.</summary>
    public void CounterSkipped()
    {
        ulong now = _tsc.Now;
        if ((long)(now - _baseTicks) < 0)
            SetClock(now, ClockAt(now));
    }

    /// <summary>Writes the date and the time-stamp counter of one instant.</summary>
    /// <returns>False, with nothing written, when the address is not RAM.</returns>
    public bool TryWritePair(ulong address)
    {
        (long seconds, long rest) = Math.DivRem(HostTime(), NanosecondsPerSecond);
        Span<byte> pair = stackalloc byte[PairLength];
        pair.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(pair, seconds);
        BinaryPrimitives.WriteInt64LittleEndian(pair[PairNanosecondsOffset..], rest);
        BinaryPrimitives.WriteUInt64LittleEndian(pair[PairTimestampOffset..], _tsc.Now);
        return _ram.TryWrite(new GuestAddress(address), pair);
    }

    /// <summary>The bit that would let the guest leave out the end of an interrupt is never set, as the interface allows; its place has to exist.</summary>
    private bool TrySetEndOfInterrupt(ulong value)
    {
        const ulong Unaligned = 2;
        const int FlagLength = 4;
        if ((value & Unaligned) != 0 || ((value & Enabled) != 0 && !_ram.Contains(new GuestAddress(value & ~Enabled), FlagLength)))
            return false;
        _endOfInterrupt = value;
        return true;
    }

    private void WriteClock()
    {
        if ((_systemTime & Enabled) == 0)
            return;
        Span<byte> page = stackalloc byte[ClockPageLength];
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page[TimestampOffset..], _baseTicks);
        BinaryPrimitives.WriteUInt64LittleEndian(page[SystemTimeOffset..], _baseTime);
        BinaryPrimitives.WriteUInt32LittleEndian(page[MultiplierOffset..], _scale.Multiplier);
        page[ShiftOffset] = (byte)_scale.Shift;
        page[FlagsOffset] = IsStable;
        Publish(_systemTime & ~Enabled, page);
    }

    /// <summary>Nanoseconds since 1970, UTC.</summary>
    private long HostTime() => (_host.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;

    /// <summary>The wall clock at time 0 of the clock.</summary>
    private void WriteWallClock()
    {
        if (_wallClock == 0)
            return;
        (long seconds, long rest) = Math.DivRem(Math.Max(HostTime() - (long)ClockAt(_tsc.Now), 0), NanosecondsPerSecond);
        Span<byte> time = stackalloc byte[WallClockLength];
        BinaryPrimitives.WriteUInt32LittleEndian(time[SecondsOffset..], (uint)seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(time[NanosecondsOffset..], (uint)rest);
        Publish(_wallClock, time);
    }

    /// <summary>Writes a structure that begins with a version, which is odd while the rest changes: other vCPUs may be reading it.</summary>
    private void Publish(ulong address, Span<byte> structure)
    {
        var start = new GuestAddress(address);
        Span<byte> version = structure[..VersionLength];
        if (!_ram.Contains(start, (ulong)structure.Length) || !_ram.TryRead(start, version))
            return;
        uint odd = BinaryPrimitives.ReadUInt32LittleEndian(version) | 1;
        BinaryPrimitives.WriteUInt32LittleEndian(version, odd);
        _ram.TryWrite(start, version);
        _ram.TryWrite(new GuestAddress(address + VersionLength), structure[VersionLength..]);
        BinaryPrimitives.WriteUInt32LittleEndian(version, odd + 1);
        _ram.TryWrite(start, version);
    }
}
