using Hearth.Devices.Platform.Pic;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Pic;

public sealed class PicDeviceTests
{
    private readonly TestMachine _machine = new();
    private readonly RecordingLine _output = new();
    private readonly PicDevice _pic;

    public PicDeviceTests()
    {
        _pic = new PicDevice(_machine.Ports, _output);
        _pic.Reset();
        Initialize(icw4: 0x01);
    }

    [Fact]
    public void Output_OfRequest_RisesAndAcknowledgeGivesTheVector()
    {
        _pic.SetPin(3, true);
        bool asserted = _output.IsAsserted;

        int vector = _pic.Acknowledge();

        Assert.True(asserted);
        Assert.Equal(0x23, vector);
        Assert.False(_output.IsAsserted);
        Assert.Equal(0x08, InService(0x20));
    }

    [Fact]
    public void Request_OnSlave_GivesItsVectorAndBothAreInService()
    {
        _pic.SetPin(12, true);

        int vector = _pic.Acknowledge();

        Assert.Equal(0x2C, vector);
        Assert.Equal(0x04, InService(0x20));
        Assert.Equal(0x10, InService(0xA0));
    }

    [Fact]
    public void Request_OfLowerPriority_WaitsForEoi()
    {
        _pic.SetPin(1, true);
        _pic.Acknowledge();
        _pic.SetPin(5, true);
        bool during = _output.IsAsserted;

        _machine.Out(0x20, 0x20);

        Assert.False(during);
        Assert.True(_output.IsAsserted);
        Assert.Equal(0x25, _pic.Acknowledge());
    }

    [Fact]
    public void Request_OfHigherPriority_Interrupts()
    {
        _pic.SetPin(5, true);
        _pic.Acknowledge();

        _pic.SetPin(1, true);

        Assert.Equal(0x21, _pic.Acknowledge());
        Assert.Equal(0x22, InService(0x20));
    }

    [Fact]
    public void Request_OnBusySlaveOfHigherPriority_ReachesTheMasterAgainOnlyInSpecialFullyNestedMode()
    {
        Initialize(icw4: 0x11);
        _pic.SetPin(14, true);
        _pic.Acknowledge();

        _pic.SetPin(9, true);

        Assert.Equal(0x29, _pic.Acknowledge());
    }

    [Fact]
    public void TwoRequests_OnSlave_AreServedOneAfterTheOther()
    {
        _pic.SetPin(14, true);
        _pic.SetPin(15, true);
        int first = _pic.Acknowledge();
        _machine.Out(0xA0, 0x20);
        _machine.Out(0x20, 0x20);

        int second = _pic.Acknowledge();

        Assert.Equal(0x2E, first);
        Assert.Equal(0x2F, second);
    }

    [Fact]
    public void Request_Masked_WaitsForUnmasking()
    {
        _machine.Out(0x21, 0xFF);
        _pic.SetPin(4, true);
        bool masked = _output.IsAsserted;

        _machine.Out(0x21, 0xEF);

        Assert.False(masked);
        Assert.True(_output.IsAsserted);
    }

    [Fact]
    public void EdgeRequest_IsKeptWhenThePinFalls()
    {
        _pic.SetPin(4, true);
        _pic.SetPin(4, false);

        Assert.Equal(0x24, _pic.Acknowledge());
    }

    [Fact]
    public void EdgeRequest_HighPinAfterEoi_DoesNotRequestAgain()
    {
        _pic.SetPin(4, true);
        _pic.Acknowledge();

        _machine.Out(0x20, 0x20);

        Assert.False(_output.IsAsserted);
    }

    [Fact]
    public void LevelRequest_HighPinAfterEoi_RequestsAgainUntilThePinFalls()
    {
        _machine.Out(0x4D0, 0x20);
        _pic.SetPin(5, true);
        _pic.Acknowledge();
        _machine.Out(0x20, 0x20);
        bool again = _output.IsAsserted;

        _pic.SetPin(5, false);

        Assert.True(again);
        Assert.False(_output.IsAsserted);
    }

    [Fact]
    public void EdgeLevelControl_KeepsOnlyInputsThatMayBeLevel()
    {
        _machine.Out(0x4D0, 0xFF);
        _machine.Out(0x4D1, 0xFF);

        Assert.Equal(0xF8, _machine.In(0x4D0));
        Assert.Equal(0xDE, _machine.In(0x4D1));
    }

    [Fact]
    public void Acknowledge_WithoutRequest_GivesSpuriousSevenAndNothingInService()
    {
        int vector = _pic.Acknowledge();

        Assert.Equal(0x27, vector);
        Assert.Equal(0, InService(0x20));
    }

    [Fact]
    public void Acknowledge_OfVanishedSlaveRequest_GivesSpuriousFifteenWithTheMasterInService()
    {
        _machine.Out(0x4D1, 0x02);
        _pic.SetPin(9, true);
        _machine.Out(0xA1, 0x02);
        _machine.Out(0xA1, 0x00);
        _pic.SetPin(9, false);

        int vector = _pic.Acknowledge();

        // The master's own request for input 2 is edge-triggered and stays.
        Assert.Equal(0x2F, vector);
        Assert.Equal(0x04, InService(0x20));
        Assert.Equal(0x00, InService(0xA0));
    }

    [Fact]
    public void AutomaticEoi_LeavesNothingInService()
    {
        Initialize(icw4: 0x03);
        _pic.SetPin(3, true);

        _pic.Acknowledge();

        Assert.Equal(0, InService(0x20));
    }

    [Fact]
    public void RotateInAutomaticEoiMode_MakesTheServedInputTheLowest()
    {
        Initialize(icw4: 0x03);
        _machine.Out(0x20, 0x80);
        _pic.SetPin(3, true);
        _pic.Acknowledge();
        _pic.SetPin(3, false);
        _pic.SetPin(3, true);
        _pic.SetPin(6, true);

        Assert.Equal(0x26, _pic.Acknowledge());
        Assert.Equal(0x23, _pic.Acknowledge());
    }

    [Fact]
    public void RotateOnNonSpecificEoi_MakesTheServedInputTheLowest()
    {
        _pic.SetPin(1, true);
        _pic.Acknowledge();
        _machine.Out(0x20, 0xA0);
        _pic.SetPin(1, false);
        _pic.SetPin(1, true);
        _pic.SetPin(7, true);

        Assert.Equal(0x27, _pic.Acknowledge());
    }

    [Fact]
    public void SetPriority_MovesTheLowestInput()
    {
        _machine.Out(0x20, 0xC4);
        _pic.SetPin(0, true);
        _pic.SetPin(5, true);

        Assert.Equal(0x25, _pic.Acknowledge());
    }

    [Fact]
    public void SpecificEoi_EndsThatInputAlone()
    {
        _pic.SetPin(5, true);
        _pic.Acknowledge();
        _pic.SetPin(1, true);
        _pic.Acknowledge();

        _machine.Out(0x20, 0x65);

        Assert.Equal(0x02, InService(0x20));
    }

    [Fact]
    public void SpecialMask_LetsLowerPrioritiesPassAMaskedInputInService()
    {
        _pic.SetPin(1, true);
        _pic.Acknowledge();
        _machine.Out(0x21, 0x02);
        _pic.SetPin(6, true);
        bool normally = _output.IsAsserted;

        _machine.Out(0x20, 0x68);

        Assert.False(normally);
        Assert.Equal(0x26, _pic.Acknowledge());
    }

    [Fact]
    public void Poll_WithRequest_AcknowledgesIt()
    {
        _pic.SetPin(6, true);
        _machine.Out(0x20, 0x0C);

        byte polled = _machine.In(0x20);

        Assert.Equal(0x86, polled);
        Assert.Equal(0x40, InService(0x20));
    }

    [Fact]
    public void Poll_WithoutRequest_ReadsZeroOnce()
    {
        _machine.Out(0x20, 0x0C);

        Assert.Equal(0, _machine.In(0x21));
        Assert.Equal(0, _machine.In(0x21));
    }

    [Fact]
    public void Initialization_ForgetsRequestsAndMask()
    {
        _machine.Out(0x21, 0x55);
        _pic.SetPin(4, true);

        Initialize(icw4: 0x01);

        Assert.Equal(0, _machine.In(0x21));
        Assert.False(_output.IsAsserted);
    }

    [Fact]
    public void Initialization_WithoutIcw4_IsReadyAfterIcw3()
    {
        _machine.Out(0x20, 0x10);
        _machine.Out(0x21, 0x40);
        _machine.Out(0x21, 0x04);

        _machine.Out(0x21, 0xAA);

        Assert.Equal(0xAA, _machine.In(0x21));
    }

    [Fact]
    public void WordAccess_ReachesBothPorts()
    {
        _machine.OutWord(0x20, 0x5A0B);

        Assert.Equal(0x5A00, _machine.InWord(0x20));
    }

    [Fact]
    public void CascadePin_CannotBeDrivenFromOutside()
    {
        _pic.SetPin(2, true);

        Assert.False(_output.IsAsserted);
    }

    private void Initialize(byte icw4)
    {
        _machine.Out(0x20, 0x11);
        _machine.Out(0x21, 0x20);
        _machine.Out(0x21, 0x04);
        _machine.Out(0x21, icw4);
        _machine.Out(0xA0, 0x11);
        _machine.Out(0xA1, 0x28);
        _machine.Out(0xA1, 0x02);
        _machine.Out(0xA1, 0x01);
    }

    private byte InService(ushort port)
    {
        _machine.Out(port, 0x0B);
        byte value = _machine.In(port);
        _machine.Out(port, 0x0A);
        return value;
    }
}
