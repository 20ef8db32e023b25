using Hearth.Devices.Platform.LocalApic;

namespace Hearth.Devices.Tests.Platform.LocalApic;

public sealed class ApicTimerTests
{
    private const uint LvtTimer = 0x320;
    private const uint InitialCount = 0x380;
    private const uint CurrentCount = 0x390;
    private const uint Divide = 0x3E0;
    private const uint EndOfInterrupt = 0x0B0;
    private const uint DeadlineMsr = 0x6E0;
    private const int Vector = 0xEF;

    private readonly ApicMachine _machine = new ApicMachine(1).Enabled();

    private LocalApicDevice Apic => _machine.Apics[0];

    [Theory]
    [InlineData(0x0u, 2)]
    [InlineData(0x1u, 4)]
    [InlineData(0x2u, 8)]
    [InlineData(0x3u, 16)]
    [InlineData(0x8u, 32)]
    [InlineData(0x9u, 64)]
    [InlineData(0xAu, 128)]
    [InlineData(0xBu, 1)]
    public void OneShot_FiresOnceAfterCountTimesDivisorNanoseconds(uint divide, int divisor)
    {
        ApicMachine.Write(Apic, LvtTimer, Vector);
        ApicMachine.Write(Apic, Divide, divide);
        ApicMachine.Write(Apic, InitialCount, 1000);

        _machine.Machine.Clock.Advance((1000 * divisor) - 1);
        bool early = Apic.HasInterrupt;
        _machine.Machine.Clock.Advance(1);
        int vector = Apic.Acknowledge();
        ApicMachine.Write(Apic, EndOfInterrupt, 0);
        _machine.Machine.Clock.Advance(1_000_000_000);

        Assert.False(early);
        Assert.Equal(Vector, vector);
        Assert.False(Apic.HasInterrupt);
        Assert.Equal(0u, ApicMachine.Read(Apic, CurrentCount));
    }

    [Fact]
    public void CurrentCount_CountsDown()
    {
        ApicMachine.Write(Apic, Divide, 0xB);
        ApicMachine.Write(Apic, InitialCount, 1000);

        _machine.Machine.Clock.Advance(400);

        Assert.Equal(600u, ApicMachine.Read(Apic, CurrentCount));
        Assert.Equal(1000u, ApicMachine.Read(Apic, InitialCount));
    }

    [Fact]
    public void Divide_ChangedWhileCounting_KeepsTheRest()
    {
        ApicMachine.Write(Apic, LvtTimer, Vector);
        ApicMachine.Write(Apic, Divide, 0xB);
        ApicMachine.Write(Apic, InitialCount, 1000);
        _machine.Machine.Clock.Advance(400);

        ApicMachine.Write(Apic, Divide, 0x0);
        uint rest = ApicMachine.Read(Apic, CurrentCount);
        _machine.Machine.Clock.Advance(1199);
        bool early = Apic.HasInterrupt;
        _machine.Machine.Clock.Advance(1);

        Assert.Equal(600u, rest);
        Assert.False(early);
        Assert.True(Apic.HasInterrupt);
    }

    [Fact]
    public void Periodic_FiresAgainAndAgain()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x2_0000 | Vector);
        ApicMachine.Write(Apic, Divide, 0xB);
        ApicMachine.Write(Apic, InitialCount, 1_000_000);

        int fired = CountInterrupts(periods: 10, nanoseconds: 1_000_000);

        Assert.Equal(10, fired);
    }

    [Fact]
    public void Periodic_OfOneNanosecond_IsHeldToABearableRate()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x2_0000 | Vector);
        ApicMachine.Write(Apic, Divide, 0xB);
        ApicMachine.Write(Apic, InitialCount, 1);
        _machine.Machine.Clock.Advance(1);

        long next = _machine.Machine.Clock.NextDeadline!.Value;

        Assert.Equal(20_000, next - _machine.Machine.Clock.Now);
    }

    [Fact]
    public void InitialCount_OfZero_StopsTheTimer()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x2_0000 | Vector);
        ApicMachine.Write(Apic, InitialCount, 1000);

        ApicMachine.Write(Apic, InitialCount, 0);
        _machine.Machine.Clock.Advance(1_000_000);

        Assert.False(Apic.HasInterrupt);
        Assert.Null(_machine.Machine.Clock.NextDeadline);
    }

    [Fact]
    public void MaskedTimer_CountsWithoutInterrupting()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x1_0000 | Vector);
        ApicMachine.Write(Apic, InitialCount, 1000);

        _machine.Machine.Clock.Advance(10_000);

        Assert.False(Apic.HasInterrupt);
        Assert.Equal(0u, ApicMachine.Read(Apic, CurrentCount));
    }

    [Fact]
    public void Deadline_InTheFuture_FiresWhenTheTscReachesIt()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x4_0000 | Vector);
        Apic.TryWriteMsr(DeadlineMsr, 2_000_000);
        Apic.TryReadMsr(DeadlineMsr, out ulong armed);

        _machine.Machine.Clock.Advance(999_999);
        bool early = Apic.HasInterrupt;
        _machine.Machine.Clock.Advance(2);
        Apic.TryReadMsr(DeadlineMsr, out ulong fired);

        Assert.Equal(2_000_000UL, armed);
        Assert.False(early);
        Assert.True(Apic.HasInterrupt);
        Assert.Equal(0UL, fired);
    }

    [Fact]
    public void Deadline_InThePast_FiresAtOnce()
    {
        _machine.Machine.Clock.Advance(1_000_000);
        ApicMachine.Write(Apic, LvtTimer, 0x4_0000 | Vector);

        Apic.TryWriteMsr(DeadlineMsr, 5);

        Assert.True(Apic.HasInterrupt);
    }

    [Fact]
    public void Deadline_OfZero_Disarms()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x4_0000 | Vector);
        Apic.TryWriteMsr(DeadlineMsr, 2_000_000);

        Apic.TryWriteMsr(DeadlineMsr, 0);
        _machine.Machine.Clock.Advance(10_000_000);

        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void Deadline_WhenTheTscWasTurnedBack_WaitsForIt()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x4_0000 | Vector);
        _machine.Counter.Offset = 1_000_000;
        Apic.TryWriteMsr(DeadlineMsr, 3_000_000);
        _machine.Counter.Offset = 0;

        _machine.Machine.Clock.Advance(1_000_001);
        bool atTheOldTime = Apic.HasInterrupt;
        _machine.Machine.Clock.Advance(500_001);

        Assert.False(atTheOldTime);
        Assert.True(Apic.HasInterrupt);
    }

    [Fact]
    public void Deadline_OutsideItsMode_IsIgnored()
    {
        ApicMachine.Write(Apic, LvtTimer, Vector);

        bool legal = Apic.TryWriteMsr(DeadlineMsr, 5);
        Apic.TryReadMsr(DeadlineMsr, out ulong value);

        Assert.True(legal);
        Assert.Equal(0UL, value);
        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void InitialCount_InDeadlineMode_IsIgnored()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x4_0000 | Vector);

        ApicMachine.Write(Apic, InitialCount, 1000);
        _machine.Machine.Clock.Advance(1_000_000);

        Assert.False(Apic.HasInterrupt);
        Assert.Equal(0u, ApicMachine.Read(Apic, CurrentCount));
    }

    [Fact]
    public void Mode_LeavingDeadline_DisarmsIt()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x4_0000 | Vector);
        Apic.TryWriteMsr(DeadlineMsr, 2_000_000);

        ApicMachine.Write(Apic, LvtTimer, Vector);
        _machine.Machine.Clock.Advance(10_000_000);

        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void Deadline_WithoutTheFeature_IsRefusedAndItsModeBitReserved()
    {
        LocalApicDevice apic = new ApicMachine(1, hasTscDeadline: false).Enabled().Apics[0];
        ApicMachine.Write(apic, LvtTimer, 0x4_0000 | Vector);

        Assert.False(apic.TryReadMsr(DeadlineMsr, out _));
        Assert.False(apic.TryWriteMsr(DeadlineMsr, 1));
        Assert.Equal((uint)Vector, ApicMachine.Read(apic, LvtTimer));
    }

    private int CountInterrupts(int periods, long nanoseconds)
    {
        int fired = 0;
        for (int i = 0; i < periods; i++)
        {
            _machine.Machine.Clock.Advance(nanoseconds);
            fired += Apic.Acknowledge() == Vector ? 1 : 0;
            ApicMachine.Write(Apic, EndOfInterrupt, 0);
        }

        return fired;
    }
}
