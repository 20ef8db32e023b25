using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.I8042;

public sealed class ControllerTests
{
    private readonly I8042Guest _guest = new();

    private RecordingLine KeyboardLine => _guest.Machine.Line(1);

    private RecordingLine MouseLine => _guest.Machine.Line(12);

    [Theory]
    [InlineData(0x20, 0x65)]
    [InlineData(0xA4, 0xF1)]
    [InlineData(0xA9, 0x00)]
    [InlineData(0xAA, 0x55)]
    [InlineData(0xAB, 0x00)]
    [InlineData(0xC0, 0x80)]
    [InlineData(0xD0, 0xC3)]
    [InlineData(0xE0, 0x00)]
    public void Command_ThatAsks_IsAnswered(byte command, byte expected)
    {
        Assert.Equal(expected, _guest.Ask(command));
        Assert.False(_guest.HasOutput);
    }

    [Fact]
    public void CommandByte_Written_ReadsBack()
    {
        _guest.Controller(0x60, 0x34);

        Assert.Equal(0x34, _guest.Ask(0x20));
    }

    [Theory]
    [InlineData(0xA7, 0xA8, 0x20)]
    [InlineData(0xAD, 0xAE, 0x10)]
    public void Port_DisabledAndEnabled_ShowsInTheCommandByte(byte disable, byte enable, int bit)
    {
        _guest.Controller(disable);
        int disabled = _guest.Ask(0x20) & bit;
        _guest.Controller(enable);

        Assert.Equal(bit, disabled);
        Assert.Equal(0, _guest.Ask(0x20) & bit);
    }

    [Fact]
    public void Status_AfterCommandAndData_TellsWhichCameLast()
    {
        _guest.Controller(0xAE);
        int afterCommand = _guest.Machine.In(I8042Guest.Command) & 0x08;
        _guest.Controller(0x60, 0x65);

        Assert.Equal(0x08, afterCommand);
        Assert.Equal(0, _guest.Machine.In(I8042Guest.Command) & 0x08);
    }

    /// <summary>How Linux finds the auxiliary port and its interrupt.</summary>
    [Fact]
    public void AuxiliaryLoop_ComesBackFromTheAuxiliaryPortWithItsInterrupt()
    {
        _guest.Controller(0x60, 0x47);

        _guest.Controller(0xD3, 0x5A);

        Assert.True(MouseLine.IsAsserted);
        Assert.False(KeyboardLine.IsAsserted);
        Assert.Equal(0x21, _guest.Machine.In(I8042Guest.Command) & 0x21);
        Assert.Equal([0x5A], _guest.ReadAll());
        Assert.False(MouseLine.IsAsserted);
    }

    [Fact]
    public void KeyboardLoop_ComesBackFromTheKeyboardPort()
    {
        _guest.Controller(0xD2, 0xA5);

        Assert.True(KeyboardLine.IsAsserted);
        Assert.Equal(0x01, _guest.Machine.In(I8042Guest.Command) & 0x21);
        Assert.Equal([0xA5], _guest.ReadAll());
    }

    [Fact]
    public void Interrupt_OfEveryByte_IsAnEdgeOfItsOwn()
    {
        _guest.Tap(30);
        _guest.Tap(48);
        byte[] codes = _guest.ReadAll();

        Assert.Equal([0x1E, 0x9E, 0x30, 0xB0], codes);
        Assert.Equal(4, KeyboardLine.RisingEdges);
        Assert.False(KeyboardLine.IsAsserted);
    }

    [Fact]
    public void Interrupt_WhenNotEnabled_StaysDown()
    {
        _guest.Controller(0x60, 0x44);

        _guest.Tap(30);

        Assert.False(KeyboardLine.IsAsserted);
        Assert.True(_guest.HasOutput);
    }

    [Fact]
    public void Key_WhileTheKeyboardPortIsDisabled_WaitsForIt()
    {
        _guest.Controller(0xAD);
        _guest.Tap(30);
        bool disabled = _guest.HasOutput;
        _guest.Controller(0xAE);

        Assert.False(disabled);
        Assert.Equal([0x1E, 0x9E], _guest.ReadAll());
    }

    [Theory]
    [InlineData(0xFE, 1)]
    [InlineData(0xF0, 1)]
    [InlineData(0xFF, 0)]
    public void Pulse_OfTheResetWire_ResetsTheMachine(byte command, int resets)
    {
        _guest.Controller(command);

        Assert.Equal(resets, _guest.Machine.Control.Resets);
    }

    [Fact]
    public void OutputPort_WithResetLow_ResetsTheMachine()
    {
        _guest.Controller(0xD1, 0xFE);

        Assert.Equal(1, _guest.Machine.Control.Resets);
    }

    [Fact]
    public void A20_ClosedThroughTheOutputPort_ShowsInPort92()
    {
        _guest.Controller(0xD1, 0x01);
        byte closed = _guest.Machine.In(0x92);
        _guest.Machine.Out(0x92, 0x02);

        Assert.Equal(0, closed);
        Assert.True(_guest.Device.A20Enabled);
        Assert.Equal(0xC3, _guest.Ask(0xD0));
    }

    [Fact]
    public void FastReset_ThroughPort92_ResetsTheMachine()
    {
        _guest.Machine.Out(0x92, 0x03);

        Assert.Equal(1, _guest.Machine.Control.Resets);
    }

    [Fact]
    public void UnknownCommand_IsCountedAndIgnored()
    {
        _guest.Controller(0x9C);

        Assert.Equal(1, _guest.Machine.Log.Count);
        Assert.False(_guest.HasOutput);
    }
}
