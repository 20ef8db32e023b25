using Hearth.Devices.Platform.LocalApic;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.LocalApic;

public sealed class LocalApicDeviceTests
{
    private const uint LvtTimer = 0x320;
    private const uint LvtLint0 = 0x350;
    private const uint LvtLint1 = 0x360;
    private const uint LvtError = 0x370;
    private const uint ErrorStatus = 0x280;
    private const uint EndOfInterrupt = 0x0B0;
    private const uint TaskPriority = 0x080;
    private const uint ProcessorPriority = 0x0A0;

    private readonly ApicMachine _machine = new ApicMachine(1).Enabled();

    private LocalApicDevice Apic => _machine.Apics[0];

    [Fact]
    public void Reset_OfBootstrapApic_LeavesLint0OpenForThePic()
    {
        Apic.Reset();

        Assert.Equal(0xFEE0_0900UL, Apic.ApicBase);
        Assert.Equal(0x700u, ApicMachine.Read(Apic, LvtLint0));
        Assert.Equal(0x1_0000u, ApicMachine.Read(Apic, LvtTimer));
        Assert.Equal(0xFFu, ApicMachine.Read(Apic, ApicMachine.SpuriousVector));
        Assert.Equal(0x0005_0014u, ApicMachine.Read(Apic, 0x30));
    }

    [Fact]
    public void Message_Fixed_IsAcknowledgedAndEnded()
    {
        _machine.System.Messages.Send(0xFEE0_0000, 0x41);
        bool announced = Apic.HasInterrupt;
        int vector = Apic.Acknowledge();
        uint inService = ApicMachine.Read(Apic, 0x120);

        ApicMachine.Write(Apic, EndOfInterrupt, 0);

        Assert.True(announced);
        Assert.Equal(0x41, vector);
        Assert.Equal(1u << 1, inService);
        Assert.Equal(0u, ApicMachine.Read(Apic, 0x120));
        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void Acknowledge_WithNothing_GivesMinusOne()
    {
        Assert.Equal(-1, Apic.Acknowledge());
    }

    [Fact]
    public void Messages_OfSeveralVectors_AreTakenHighestFirst()
    {
        _machine.System.Messages.Send(0xFEE0_0000, 0x31);
        _machine.System.Messages.Send(0xFEE0_0000, 0xE1);
        _machine.System.Messages.Send(0xFEE0_0000, 0x81);

        int first = Apic.Acknowledge();
        bool during = Apic.HasInterrupt;
        ApicMachine.Write(Apic, EndOfInterrupt, 0);
        int second = Apic.Acknowledge();
        ApicMachine.Write(Apic, EndOfInterrupt, 0);
        int third = Apic.Acknowledge();

        Assert.Equal([0xE1, 0x81, 0x31], [first, second, third]);
        Assert.False(during);
    }

    [Fact]
    public void Message_OfTheClassInService_Waits()
    {
        _machine.System.Messages.Send(0xFEE0_0000, 0x51);
        Apic.Acknowledge();

        _machine.System.Messages.Send(0xFEE0_0000, 0x5F);

        Assert.False(Apic.HasInterrupt);
        Assert.Equal(0x50u, ApicMachine.Read(Apic, ProcessorPriority));
    }

    [Theory]
    [InlineData(0x50u, false)]
    [InlineData(0x5Fu, false)]
    [InlineData(0x4Fu, true)]
    public void Message_AgainstTaskPriority_IsHeldByClass(uint taskPriority, bool expected)
    {
        ApicMachine.Write(Apic, TaskPriority, taskPriority);

        _machine.System.Messages.Send(0xFEE0_0000, 0x51);

        Assert.Equal(expected, Apic.HasInterrupt);
        Assert.Equal(taskPriority, ApicMachine.Read(Apic, ProcessorPriority));
    }

    [Fact]
    public void TaskPriorityClass_Lowered_ReleasesTheInterruptAndWakesTheVcpu()
    {
        Apic.TaskPriorityClass = 15;
        _machine.System.Messages.Send(0xFEE0_0000, 0xE1);
        int before = _machine.Signals[0].InterruptChanges;

        Apic.TaskPriorityClass = 2;

        Assert.Equal(before + 1, _machine.Signals[0].InterruptChanges);
        Assert.Equal(0x20u, ApicMachine.Read(Apic, TaskPriority));
        Assert.Equal(2u, Apic.TaskPriorityClass);
    }

    [Fact]
    public void Message_WhileSoftwareDisabled_IsRefused()
    {
        ApicMachine.Write(Apic, ApicMachine.SpuriousVector, 0xFF);

        _machine.System.Messages.Send(0xFEE0_0000, 0x41);

        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void Message_Nmi_ReachesTheVcpuAlsoWhileSoftwareDisabled()
    {
        ApicMachine.Write(Apic, ApicMachine.SpuriousVector, 0xFF);

        _machine.System.Messages.Send(0xFEE0_0000, 0x400);

        Assert.Equal(1, _machine.Signals[0].NonMaskableInterrupts);
    }

    [Fact]
    public void Message_OutsideTheWindow_IsIgnored()
    {
        _machine.System.Messages.Send(0xFEC0_0000, 0x41);
        _machine.System.Messages.Send(0x1_FEE0_0000, 0x41);

        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void Message_OfReservedVector_IsAnErrorThatInterrupts()
    {
        ApicMachine.Write(Apic, LvtError, 0xFE);

        _machine.System.Messages.Send(0xFEE0_0000, 0x0F);
        uint before = ApicMachine.Read(Apic, ErrorStatus);
        ApicMachine.Write(Apic, ErrorStatus, 0);

        Assert.Equal(0u, before);
        Assert.Equal(1u << 6, ApicMachine.Read(Apic, ErrorStatus));
        Assert.Equal(0xFE, Apic.Acknowledge());
    }

    [Fact]
    public void ErrorEntry_OfReservedVector_DoesNotRecurse()
    {
        ApicMachine.Write(Apic, LvtError, 0x05);

        _machine.System.Messages.Send(0xFEE0_0000, 0x0F);
        ApicMachine.Write(Apic, ErrorStatus, 0);

        Assert.Equal(1u << 6, ApicMachine.Read(Apic, ErrorStatus));
    }

    [Fact]
    public void IllegalRegister_IsAnError()
    {
        ApicMachine.Read(Apic, 0x3F0);
        ApicMachine.Write(Apic, ErrorStatus, 0);

        Assert.Equal(1u << 7, ApicMachine.Read(Apic, ErrorStatus));
    }

    [Fact]
    public void LocalVectors_WhileSoftwareDisabled_StayMasked()
    {
        ApicMachine.Write(Apic, LvtTimer, 0x2_00EF);
        ApicMachine.Write(Apic, ApicMachine.SpuriousVector, 0xFF);
        uint disabled = ApicMachine.Read(Apic, LvtTimer);
        ApicMachine.Write(Apic, LvtTimer, 0x2_00EF);

        Assert.Equal(0x3_00EFu, disabled);
        Assert.Equal(0x3_00EFu, ApicMachine.Read(Apic, LvtTimer));
    }

    [Fact]
    public void ExternalInterrupt_ThroughLint0_ComesFromThePic()
    {
        ApicMachine.Write(Apic, LvtLint0, 0x700);
        InitializePic();
        var line = _machine.System.Line(1);

        line.Set(true);
        bool announced = Apic.HasInterrupt;
        int vector = Apic.Acknowledge();

        Assert.True(announced);
        Assert.Equal(0x31, vector);
        Assert.False(Apic.HasInterrupt);
    }

    [Fact]
    public void ExternalInterrupt_WithLint0Masked_WaitsForUnmasking()
    {
        ApicMachine.Write(Apic, LvtLint0, 0x1_0700);
        InitializePic();
        _machine.System.Line(1).Set(true);
        bool masked = Apic.HasInterrupt;

        ApicMachine.Write(Apic, LvtLint0, 0x700);

        Assert.False(masked);
        Assert.True(Apic.HasInterrupt);
    }

    [Fact]
    public void ExternalInterrupt_WithTheApicSwitchedOff_PassesThrough()
    {
        ApicMachine.Write(Apic, LvtLint0, 0x1_0000);
        Assert.True(Apic.TryWriteMsr(0x1B, 0xFEE0_0000));
        InitializePic();

        _machine.System.Line(1).Set(true);

        Assert.Equal(0x31, Apic.Acknowledge());
    }

    [Fact]
    public void Lint0_Fixed_RaisesItsVectorOnTheEdge()
    {
        ApicMachine.Write(Apic, LvtLint0, 0x77);

        Apic.Lint0.Set(true);
        Apic.Lint0.Set(true);

        Assert.Equal(0x77, Apic.Acknowledge());
        Assert.Equal(-1, Apic.Acknowledge());
    }

    [Fact]
    public void Lint1_Nmi_ReachesTheVcpuOnTheEdge()
    {
        ApicMachine.Write(Apic, LvtLint1, 0x400);

        Apic.Lint1.Set(true);
        Apic.Lint1.Set(true);

        Assert.Equal(1, _machine.Signals[0].NonMaskableInterrupts);
    }

    [Fact]
    public void Registers_ReadOnly_KeepTheirValues()
    {
        ApicMachine.Write(Apic, 0x20, 0xFF00_0000);
        ApicMachine.Write(Apic, 0x30, 0);
        ApicMachine.Write(Apic, 0x100, uint.MaxValue);
        ApicMachine.Write(Apic, 0x200, uint.MaxValue);

        Assert.Equal(0u, ApicMachine.Read(Apic, 0x20));
        Assert.Equal(0x0005_0014u, ApicMachine.Read(Apic, 0x30));
        Assert.Equal(0u, ApicMachine.Read(Apic, 0x100));
        Assert.Equal(0u, ApicMachine.Read(Apic, 0x200));
    }

    [Fact]
    public void IsPageAt_FollowsTheBaseAndTheMode()
    {
        bool atDefault = Apic.IsPageAt(0xFEE0_0FFF);
        Apic.TryWriteMsr(0x1B, 0xFED0_0800);
        bool moved = Apic.IsPageAt(0xFED0_0010);
        bool old = Apic.IsPageAt(0xFEE0_0000);
        Apic.TryWriteMsr(0x1B, 0xFED0_0C00);
        bool inX2Apic = Apic.IsPageAt(0xFED0_0010);

        Assert.True(atDefault);
        Assert.True(moved);
        Assert.False(old);
        Assert.False(inX2Apic);
    }

    [Fact]
    public void Delivery_OfInterrupts_AllocatesNothing()
    {
        long allocated = Allocations.Of(() => Deliver(1000));

        Assert.Equal(0, allocated);
    }

    private void Deliver(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _machine.System.Messages.Send(0xFEE0_0000, 0x41);
            Apic.Acknowledge();
            ApicMachine.Write(Apic, EndOfInterrupt, 0);
        }
    }

    private void InitializePic()
    {
        _machine.Machine.Out(0x20, 0x11);
        _machine.Machine.Out(0x21, 0x30);
        _machine.Machine.Out(0x21, 0x04);
        _machine.Machine.Out(0x21, 0x01);
    }
}
