using Hearth.Devices.Platform.LocalApic;

namespace Hearth.Devices.Tests.Platform.LocalApic;

public sealed class InterprocessorTests
{
    private const uint LogicalDestination = 0x0D0;
    private const uint DestinationFormat = 0x0E0;
    private const uint ErrorStatus = 0x280;

    private readonly ApicMachine _machine = new ApicMachine(4).Enabled();

    [Fact]
    public void Fixed_Physical_ReachesThatApicAlone()
    {
        _machine.SendIpi(0, 2u << 24, 0x4051);

        Assert.Equal([-1, -1, 0x51, -1], Acknowledged());
    }

    [Fact]
    public void Fixed_PhysicalBroadcast_ReachesAll()
    {
        _machine.SendIpi(0, 0xFFu << 24, 0x4051);

        Assert.Equal([0x51, 0x51, 0x51, 0x51], Acknowledged());
    }

    [Fact]
    public void Fixed_ToAnApicThatIsNotThere_IsLost()
    {
        _machine.SendIpi(0, 9u << 24, 0x4051);

        Assert.Equal([-1, -1, -1, -1], Acknowledged());
    }

    [Theory]
    [InlineData(0x4_4051u, new[] { -1, 0x51, -1, -1 })]
    [InlineData(0x8_4051u, new[] { 0x51, 0x51, 0x51, 0x51 })]
    [InlineData(0xC_4051u, new[] { 0x51, -1, 0x51, 0x51 })]
    public void Shorthand_ChoosesTheReceivers(uint command, int[] expected)
    {
        _machine.SendIpi(1, 0, command);

        Assert.Equal(expected, Acknowledged());
    }

    [Fact]
    public void Logical_Flat_ReachesEveryApicOfTheMask()
    {
        for (int i = 0; i < 4; i++)
            ApicMachine.Write(_machine.Apics[i], LogicalDestination, 1u << (24 + i));

        _machine.SendIpi(0, 0b1010u << 24, 0x4851);

        Assert.Equal([-1, 0x51, -1, 0x51], Acknowledged());
    }

    [Fact]
    public void Logical_Cluster_ReachesTheMaskWithinTheCluster()
    {
        for (int i = 0; i < 4; i++)
        {
            ApicMachine.Write(_machine.Apics[i], DestinationFormat, 0x0FFF_FFFF);
            ApicMachine.Write(_machine.Apics[i], LogicalDestination, (uint)((i / 2 << 4) | (1 << (i % 2))) << 24);
        }

        _machine.SendIpi(0, 0x13u << 24, 0x4851);

        Assert.Equal([-1, -1, 0x51, 0x51], Acknowledged());
    }

    [Fact]
    public void LowestPriority_ReachesOneApicOfTheLowestTaskPriority()
    {
        for (int i = 0; i < 4; i++)
            ApicMachine.Write(_machine.Apics[i], LogicalDestination, 1u << (24 + i));
        _machine.Apics[0].TaskPriorityClass = 3;
        _machine.Apics[1].TaskPriorityClass = 1;
        _machine.Apics[2].TaskPriorityClass = 2;
        _machine.Apics[3].TaskPriorityClass = 3;

        _machine.SendIpi(0, 0x0Fu << 24, 0x4951);

        Assert.Equal([-1, 0x51, -1, -1], Acknowledged());
    }

    [Fact]
    public void LowestPriority_AmongEquals_IsSharedOut()
    {
        for (int i = 0; i < 8; i++)
            _machine.SendIpi(0, 0xFFu << 24, 0x4151u + (uint)i);

        int receivers = Acknowledged().Count(vector => vector >= 0);

        Assert.Equal(4, receivers);
    }

    [Fact]
    public void Nmi_ReachesTheVcpu()
    {
        _machine.SendIpi(0, 3u << 24, 0x4400);

        Assert.Equal(1, _machine.Signals[3].NonMaskableInterrupts);
    }

    [Fact]
    public void Init_ResetsTheApicAndTheVcpu()
    {
        ApicMachine.Write(_machine.Apics[1], LogicalDestination, 0x0200_0000);

        _machine.SendIpi(0, 1u << 24, 0x4500);

        Assert.Equal(1, _machine.Signals[1].Inits);
        Assert.Equal(0u, ApicMachine.Read(_machine.Apics[1], LogicalDestination));
        Assert.Equal(0xFFu, ApicMachine.Read(_machine.Apics[1], ApicMachine.SpuriousVector));
        Assert.Equal(0xFEE0_0800UL, _machine.Apics[1].ApicBase);
    }

    [Fact]
    public void Init_LevelDeassert_IsIgnored()
    {
        _machine.SendIpi(0, 1u << 24, 0x8500);

        Assert.Equal(0, _machine.Signals[1].Inits);
    }

    [Fact]
    public void StartUp_GivesThePage()
    {
        _machine.SendIpi(0, 1u << 24, 0x4500);

        _machine.SendIpi(0, 1u << 24, 0x4699);

        Assert.Equal(1, _machine.Signals[1].StartUps);
        Assert.Equal(0x99, _machine.Signals[1].LastStartUpVector);
    }

    [Fact]
    public void Fixed_OfReservedVector_IsASendError()
    {
        _machine.SendIpi(0, 1u << 24, 0x400F);
        ApicMachine.Write(_machine.Apics[0], ErrorStatus, 0);

        Assert.Equal(1u << 5, ApicMachine.Read(_machine.Apics[0], ErrorStatus));
        Assert.False(_machine.Apics[1].HasInterrupt);
    }

    [Fact]
    public void Command_ReadsBackWithoutDeliveryStatus()
    {
        _machine.SendIpi(0, 3u << 24, 0x5851);

        Assert.Equal(0x4851u, ApicMachine.Read(_machine.Apics[0], ApicMachine.CommandLow));
        Assert.Equal(3u << 24, ApicMachine.Read(_machine.Apics[0], ApicMachine.CommandHigh));
    }

    [Fact]
    public void Message_RedirectedLogical_ReachesOne()
    {
        for (int i = 0; i < 4; i++)
            ApicMachine.Write(_machine.Apics[i], LogicalDestination, 1u << (24 + i));

        _machine.System.Messages.Send(0xFEE0_F00C, 0x51);

        Assert.Equal(1, Acknowledged().Count(vector => vector == 0x51));
    }

    [Fact]
    public void Bus_WithTwoApicsOfOneId_IsRefused()
    {
        Assert.Throws<Hearth.Machine.MachineException>(() => _machine.System.AddProcessor(
            new LocalApicConfiguration { Id = 3 }, _machine.Signals[0], _machine.Counter));
    }

    private int[] Acknowledged() => [.. _machine.Apics.Select(apic => apic.Acknowledge())];
}
