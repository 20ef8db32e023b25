using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>The model-specific registers of KVM's paravirtual interface: kvmclock and PV EOI (Linux, Documentation/virt/kvm/x86/msr.rst). See docs/paravirtual.md.</summary>
/// <remarks>The clock's page is written when the guest names it, and when the clock's line changes; between these the guest computes by itself.</remarks>
internal sealed class KvmRegisters : ParavirtualRegisters
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

    /// <summary>PVCLOCK_GUEST_STOPPED: the guest takes it away when it has seen it, and forgives its watchdogs.</summary>
    private const byte WasStopped = 2;

    // struct pvclock_wall_clock.
    private const int WallClockLength = 12;
    private const int SecondsOffset = 4;
    private const int NanosecondsOffset = 8;

    private readonly GuestRam _ram;
    private ulong _wallClock;
    private ulong _systemTime;
    private ulong _endOfInterrupt;

    /// <inheritdoc cref="ParavirtualRegisters(GuestRam, ITimestampCounter, TimeProvider)"/>
    public KvmRegisters(GuestRam ram, ITimestampCounter tsc, TimeProvider host)
        : base(ram, tsc, host) => _ram = ram;

    public override ParavirtualInterface Interface => ParavirtualInterface.Kvm;

    public override bool TryRead(uint msr, out ulong value)
    {
        value = msr switch
        {
            Msr.KvmWallClockOld or Msr.KvmWallClock => _wallClock,
            Msr.KvmEndOfInterrupt => _endOfInterrupt,
            _ => _systemTime,
        };
        return Handles(msr);
    }

    /// <remarks>An address of a clock outside RAM is kept, and nothing is written there.</remarks>
    public override bool TryWrite(uint msr, ulong value)
    {
        switch (msr)
        {
            case Msr.KvmWallClockOld or Msr.KvmWallClock:
                _wallClock = value;
                WriteWallClock();
                return true;
            case Msr.KvmEndOfInterrupt:
                return TrySetEndOfInterrupt(value);
            case Msr.KvmSystemTimeOld or Msr.KvmSystemTime:
                _systemTime = value;
                WriteClock();
                return true;
            default:
                return false;
        }
    }

    public override void Reset() => (_systemTime, _endOfInterrupt, _wallClock) = (0, 0, 0);

    /// <summary>No page is the guest's any more.</summary>
    public override void Init() => Reset();

    public override void SetClock(ulong ticks, ulong nanoseconds)
    {
        base.SetClock(ticks, nanoseconds);
        WriteClock();
    }

    public override void CounterMoved(ulong ticks)
    {
        base.CounterMoved(ticks);
        WriteClock();
    }

    /// <summary>A guest does not expect a counter before the one in its page.</summary>
    public override void CounterSkipped()
    {
        ulong now = Tsc.Now;
        if ((long)(now - BaseTicks) < 0)
            SetClock(now, ClockAt(now));
    }

    public override void GuestStopped() => WriteClock(WasStopped);

    private static bool Handles(uint msr) =>
        msr is Msr.KvmWallClockOld or Msr.KvmSystemTimeOld or Msr.KvmWallClock or Msr.KvmSystemTime or Msr.KvmEndOfInterrupt;

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

    private void WriteClock(byte more = 0)
    {
        if ((_systemTime & Enabled) == 0)
            return;
        Span<byte> page = stackalloc byte[ClockPageLength];
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page[TimestampOffset..], BaseTicks);
        BinaryPrimitives.WriteUInt64LittleEndian(page[SystemTimeOffset..], BaseTime);
        BinaryPrimitives.WriteUInt32LittleEndian(page[MultiplierOffset..], Scale.Multiplier);
        page[ShiftOffset] = (byte)Scale.Shift;
        page[FlagsOffset] = (byte)(IsStable | more);
        Publish(_systemTime & ~Enabled, page);
    }

    /// <summary>The wall clock at time 0 of the clock.</summary>
    private void WriteWallClock()
    {
        if (_wallClock == 0)
            return;
        (long seconds, long rest) = Math.DivRem(Math.Max(HostTime() - (long)ClockAt(Tsc.Now), 0), NanosecondsPerSecond);
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
