using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Platform.LocalApic;

public sealed class X2ApicTests
{
    private const uint Base = 0x1B;
    private const ulong XApic = 0xFEE0_0800;
    private const ulong X2Apic = 0xFEE0_0C00;
    private const ulong Disabled = 0xFEE0_0000;

    private readonly ApicMachine _machine = new ApicMachine(20).Enabled();

    private LocalApicDevice Apic => _machine.Apics[1];

    [Theory]
    [InlineData(XApic, X2Apic, true)]
    [InlineData(XApic, Disabled, true)]
    [InlineData(XApic, XApic, true)]
    [InlineData(XApic, 0xFEE0_0400UL, false)]
    [InlineData(X2Apic, XApic, false)]
    [InlineData(X2Apic, Disabled, true)]
    [InlineData(X2Apic, X2Apic, true)]
    [InlineData(Disabled, XApic, true)]
    [InlineData(Disabled, X2Apic, false)]
    [InlineData(XApic, XApic | 1, false)]
    [InlineData(XApic, XApic | (1UL << 40), false)]
    [InlineData(XApic, XApic | (1UL << 9), false)]
    public void Base_Transition_IsAsTheManualDraws(ulong from, ulong to, bool legal)
    {
        Apic.TryWriteMsr(Base, from);

        bool accepted = Apic.TryWriteMsr(Base, to);

        Assert.Equal(legal, accepted);
    }

    [Fact]
    public void Base_X2ApicWithoutTheFeature_IsRefused()
    {
        LocalApicDevice apic = new ApicMachine(1, hasX2Apic: false).Apics[0];

        Assert.False(apic.TryWriteMsr(Base, X2Apic));
    }

    [Fact]
    public void Base_BootstrapFlag_CannotBeWritten()
    {
        Apic.TryWriteMsr(Base, XApic | 0x100);
        _machine.Apics[0].TryWriteMsr(Base, XApic);

        Assert.Equal(XApic, Apic.ApicBase);
        Assert.Equal(XApic | 0x100, _machine.Apics[0].ApicBase);
    }

    [Fact]
    public void Base_SwitchedOff_ResetsTheRegisters()
    {
        Apic.TryWriteMsr(Base, Disabled);
        Apic.TryWriteMsr(Base, XApic);

        Assert.Equal(0xFFu, ApicMachine.Read(Apic, ApicMachine.SpuriousVector));
    }

    [Fact]
    public void Registers_OutsideX2ApicMode_AreRefused()
    {
        Assert.False(Apic.TryReadMsr(0x802, out _));
        Assert.False(Apic.TryWriteMsr(0x808, 0));
    }

    [Theory]
    [InlineData(false, 0x0200_0000_0000_0051UL)]
    [InlineData(true, 0x0000_0002_0000_0051UL)]
    public void HyperVRegisters_InEitherMode_SendHoldBackAndEnd(bool x2Apic, ulong command)
    {
        const uint EndOfInterrupt = 0x4000_0070;
        const uint InterruptCommand = 0x4000_0071;
        const uint TaskPriority = 0x4000_0072;
        ApicMachine machine = x2Apic ? _machine.InX2ApicMode() : _machine;
        LocalApicDevice target = _machine.Apics[2];

        Assert.True(target.TryWriteMsr(TaskPriority, 0x50));
        Assert.True(machine.Apics[1].TryWriteMsr(InterruptCommand, command));
        bool early = target.HasInterrupt;
        Assert.True(target.TryWriteMsr(TaskPriority, 0xFFFF_FF00)); // the upper bits mean nothing
        int vector = target.Acknowledge();
        Assert.True(machine.Apics[1].TryWriteMsr(InterruptCommand, command));
        bool inService = target.HasInterrupt;
        Assert.True(target.TryWriteMsr(EndOfInterrupt, 5));

        target.TryReadMsr(TaskPriority, out ulong priority);
        _machine.Apics[1].TryReadMsr(InterruptCommand, out ulong sent);
        Assert.Equal((false, 0x51, false, true), (early, vector, inService, target.HasInterrupt));
        Assert.Equal((0UL, command), (priority, sent));
    }

    [Theory]
    [InlineData(0x4000_0070U, 1UL << 32)]
    [InlineData(0x4000_0072U, 1UL << 32)]
    [InlineData(0x4000_0071U, 1UL << 20)]
    [InlineData(0x4000_0071U, 1UL << 13)]
    [InlineData(0x4000_0073U, 0UL)]
    public void HyperVRegisters_ReservedBits_AreRefused(uint register, ulong value)
    {
        Assert.False(Apic.TryWriteMsr(register, value));
    }

    [Fact]
    public void HyperVRegisters_EndOfInterrupt_CannotBeRead()
    {
        Assert.False(Apic.TryReadMsr(0x4000_0070, out _));
    }

    [Fact]
    public void Id_AndLogicalDestination_AreDerived()
    {
        _machine.InX2ApicMode();

        _machine.Apics[18].TryReadMsr(0x802, out ulong id);
        _machine.Apics[18].TryReadMsr(0x80D, out ulong logical);

        Assert.Equal(18UL, id);
        Assert.Equal(0x1_0004UL, logical);
    }

    [Theory]
    [InlineData(0x802u, 0UL)] // id
    [InlineData(0x803u, 0UL)] // version
    [InlineData(0x80Au, 0UL)] // PPR
    [InlineData(0x80Bu, 1UL)] // EOI takes zero
    [InlineData(0x80Du, 0UL)] // LDR
    [InlineData(0x80Eu, 0UL)] // DFR is gone
    [InlineData(0x810u, 0UL)] // ISR
    [InlineData(0x828u, 1UL)] // ESR takes zero
    [InlineData(0x831u, 0UL)] // ICR high is gone
    [InlineData(0x839u, 0UL)] // current count
    [InlineData(0x808u, 0x100UL)] // reserved bits of TPR
    [InlineData(0x808u, 0x1_0000_0000UL)]
    [InlineData(0x80Fu, 0x400UL)] // reserved bits of SVR
    [InlineData(0x832u, 0x8_0000_0000UL)]
    [InlineData(0x832u, 0x400UL)] // the timer has no delivery mode
    [InlineData(0x83Eu, 0x4UL)]
    [InlineData(0x83Fu, 0x100UL)]
    [InlineData(0x830u, 0x10_0000UL)]
    [InlineData(0x8FFu, 0UL)]
    public void Write_ThatTheManualForbids_IsRefused(uint msr, ulong value)
    {
        _machine.InX2ApicMode();

        Assert.False(Apic.TryWriteMsr(msr, value));
    }

    [Theory]
    [InlineData(0x80Bu)] // EOI
    [InlineData(0x80Eu)] // DFR
    [InlineData(0x831u)]
    [InlineData(0x83Fu)] // self IPI
    [InlineData(0x800u)]
    [InlineData(0x8FFu)]
    public void Read_ThatTheManualForbids_IsRefused(uint msr)
    {
        _machine.InX2ApicMode();

        Assert.False(Apic.TryReadMsr(msr, out _));
    }

    [Theory]
    [InlineData(0x808u, 0x20UL)]
    [InlineData(0x80Fu, 0x1FFUL)]
    [InlineData(0x832u, 0x4_00EFUL)]
    [InlineData(0x835u, 0x1_0700UL)]
    [InlineData(0x838u, 12345UL)]
    [InlineData(0x83Eu, 0xBUL)]
    public void Write_OfARegister_ReadsBack(uint msr, ulong value)
    {
        _machine.InX2ApicMode();

        bool written = Apic.TryWriteMsr(msr, value);
        Apic.TryReadMsr(msr, out ulong read);

        Assert.True(written);
        Assert.Equal(value, read);
    }

    [Fact]
    public void Command_Physical_ReachesThatApic()
    {
        _machine.InX2ApicMode();

        bool sent = Apic.TryWriteMsr(0x830, (17UL << 32) | 0x4051);
        Apic.TryReadMsr(0x830, out ulong command);

        Assert.True(sent);
        Assert.Equal((17UL << 32) | 0x4051, command);
        Assert.Equal(0x51, _machine.Apics[17].Acknowledge());
    }

    [Fact]
    public void Command_PhysicalDestinationTooLarge_IsLost()
    {
        _machine.InX2ApicMode();

        bool sent = Apic.TryWriteMsr(0x830, (0x1_0011UL << 32) | 0x4051);

        Assert.True(sent);
        Assert.False(_machine.Apics[17].HasInterrupt);
    }

    [Fact]
    public void Command_Logical_ReachesTheMaskWithinTheCluster()
    {
        _machine.InX2ApicMode();

        Apic.TryWriteMsr(0x830, (0x1_0005UL << 32) | 0x4851);

        Assert.Equal([16, 18], Enumerable.Range(0, 20).Where(i => _machine.Apics[i].HasInterrupt));
    }

    [Fact]
    public void Command_Broadcast_ReachesAll()
    {
        _machine.InX2ApicMode();

        Apic.TryWriteMsr(0x830, (0xFFFF_FFFFUL << 32) | 0x4051);

        Assert.All(_machine.Apics, apic => Assert.True(apic.HasInterrupt));
    }

    [Fact]
    public void SelfIpi_ReachesTheSenderAlone()
    {
        _machine.InX2ApicMode();

        Apic.TryWriteMsr(0x83F, 0x61);

        Assert.Equal(0x61, Apic.Acknowledge());
        Assert.False(_machine.Apics[0].HasInterrupt);
    }

    [Fact]
    public void EndOfInterrupt_EndsIt()
    {
        _machine.InX2ApicMode();
        Apic.TryWriteMsr(0x83F, 0x61);
        Apic.Acknowledge();

        bool ended = Apic.TryWriteMsr(0x80B, 0);
        Apic.TryReadMsr(0x813, out ulong inService);

        Assert.True(ended);
        Assert.Equal(0UL, inService);
    }

    [Fact]
    public void Init_KeepsX2ApicMode()
    {
        _machine.InX2ApicMode();

        _machine.Apics[0].TryWriteMsr(0x830, (1UL << 32) | 0x4500);

        Assert.Equal(X2Apic, Apic.ApicBase);
    }

    [Fact]
    public void Message_ToEightBitId_ReachesAnX2Apic()
    {
        _machine.InX2ApicMode();

        _machine.System.Messages.Send(0xFEE0_0000 | (5UL << 12), 0x42);

        Assert.True(_machine.Apics[5].HasInterrupt);
    }
}
