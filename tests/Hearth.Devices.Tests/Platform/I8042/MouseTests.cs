using Hearth.Devices.Platform.I8042;

namespace Hearth.Devices.Tests.Platform.I8042;

public sealed class MouseTests
{
    private readonly I8042Guest _guest = new();

    public MouseTests() => _guest.Controller(0x60, 0x47);

    [Fact]
    public void Reset_IsAcknowledgedAndGivesIdentifierZero()
    {
        Assert.Equal([0xFA, 0xAA, 0x00], _guest.Mouse(0xFF));
    }

    [Theory]
    [InlineData(new byte[] { 0xF3, 200, 0xF3, 100, 0xF3, 80 }, 3)]
    [InlineData(new byte[] { 0xF3, 200, 0xF3, 200, 0xF3, 80 }, 4)]
    [InlineData(new byte[] { 0xF3, 200, 0xF3, 100, 0xF3, 60 }, 0)]
    public void Identifier_AfterKnock_TellsTheProtocol(byte[] knock, byte identifier)
    {
        _guest.Mouse(knock);

        Assert.Equal([0xFA, identifier], _guest.Mouse(0xF2));
    }

    [Fact]
    public void Movement_Enabled_ArrivesWithItsInterrupt()
    {
        _guest.Mouse(0xF4);
        int edges = _guest.Machine.Line(12).RisingEdges;

        _guest.Device.MoveMouse(5, 3, 0, MouseButtons.Left);

        Assert.Equal([0x29, 5, 0xFD], _guest.ReadAll());
        Assert.Equal(edges + 3, _guest.Machine.Line(12).RisingEdges);
    }

    [Fact]
    public void Movement_NotEnabled_IsLost()
    {
        _guest.Device.MoveMouse(5, 3, 0, MouseButtons.None);
        _guest.Mouse(0xF4);

        Assert.False(_guest.HasOutput);
    }

    [Fact]
    public void Movement_WhileTheGuestIsBusy_AddsUp()
    {
        _guest.Mouse(0xF4);
        for (int i = 0; i < 10; i++)
            _guest.Device.MoveMouse(1, 0, 0, MouseButtons.None);

        byte[] packets = _guest.ReadAll();

        Assert.Equal([0x08, 1, 0, 0x08, 9, 0], packets);
    }

    [Fact]
    public void Movement_TooLargeForOnePacket_GoesOnInTheNext()
    {
        _guest.Mouse(0xF4);

        _guest.Device.MoveMouse(-300, 0, 0, MouseButtons.None);

        Assert.Equal([0x18, 1, 0, 0x18, 0xD3, 0], _guest.ReadAll());
    }

    [Fact]
    public void Clicks_WhileTheGuestIsBusy_AreAllSeen()
    {
        _guest.Mouse(0xF4);
        _guest.Device.MoveMouse(0, 0, 0, MouseButtons.Right);
        _guest.Device.MoveMouse(0, 0, 0, MouseButtons.None);
        _guest.Device.MoveMouse(0, 0, 0, MouseButtons.Middle);

        Assert.Equal([0x0A, 0, 0, 0x08, 0, 0, 0x0C, 0, 0], _guest.ReadAll());
    }

    [Fact]
    public void Wheel_AfterItsKnock_IsAFourthByte()
    {
        _guest.Mouse(0xF3, 200, 0xF3, 100, 0xF3, 80, 0xF4);

        _guest.Device.MoveMouse(0, 0, 1, MouseButtons.None);

        Assert.Equal([0x08, 0, 0, 0xFF], _guest.ReadAll());
    }

    [Fact]
    public void SideButtons_AfterTheirKnock_ShareTheFourthByteWithTheWheel()
    {
        _guest.Mouse(0xF3, 200, 0xF3, 200, 0xF3, 80, 0xF4);

        _guest.Device.MoveMouse(0, 0, -1, MouseButtons.Back);

        Assert.Equal([0x08, 0, 0, 0x11], _guest.ReadAll());
    }

    [Fact]
    public void StatusRequest_TellsModeButtonsResolutionAndRate()
    {
        _guest.Mouse(0xE8, 3, 0xF3, 40, 0xE7, 0xF4);
        _guest.Device.MoveMouse(0, 0, 0, MouseButtons.Left);
        _guest.ReadAll();

        Assert.Equal([0xFA, 0x34, 3, 40], _guest.Mouse(0xE9));
    }

    [Fact]
    public void Scaling_TwoToOne_BendsSmallMovements()
    {
        _guest.Mouse(0xE7, 0xF4);

        _guest.Device.MoveMouse(4, -20, 0, MouseButtons.None);

        Assert.Equal([0x08, 6, 40], _guest.ReadAll());
    }

    [Fact]
    public void RemoteMode_SendsOnlyWhenAsked()
    {
        _guest.Mouse(0xF0);
        _guest.Device.MoveMouse(7, 0, 0, MouseButtons.None);
        bool unasked = _guest.HasOutput;

        Assert.False(unasked);
        Assert.Equal([0xFA, 0x08, 7, 0], _guest.Mouse(0xEB));
    }

    [Fact]
    public void WrapMode_EchoesUntilReset()
    {
        _guest.Mouse(0xEE);

        Assert.Equal([0xF4, 0x12], _guest.Mouse(0xF4, 0x12));
        Assert.Equal([0xFA], _guest.Mouse(0xEC));
        Assert.Equal([0xFA, 0x00], _guest.Mouse(0xF2));
    }

    [Fact]
    public void UnknownCommand_IsAskedForAgain()
    {
        Assert.Equal([0xFE], _guest.Mouse(0xE1));
    }
}
