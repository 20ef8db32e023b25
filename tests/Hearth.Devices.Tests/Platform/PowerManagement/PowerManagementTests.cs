using Hearth.Devices.Platform.PowerManagement;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.PowerManagement;

public sealed class PowerManagementTests
{
    private const ushort Status = 0x600;
    private const ushort Enable = 0x602;
    private const ushort Control = 0x604;
    private const ushort Timer = 0x608;
    private const ushort GeneralStatus = 0x60C;
    private const ushort GeneralEnable = 0x60E;
    private const ushort SmiCommand = 0xB2;
    private const ushort ResetControl = 0xCF9;
    private const ushort PowerButton = 0x0100;
    private const long Second = 1_000_000_000;

    private readonly TestMachine _machine = new();
    private readonly PowerManagementDevice _device;

    public PowerManagementTests()
    {
        _device = PowerManagementModule.Create(_machine.Context);
        _machine.Ports.Map(new AddressRange(ResetControl, 1), _device.ResetControlPort);
        _device.Reset();
    }

    private RecordingLine Sci => _machine.Line(9);

    [Fact]
    public void Timer_AfterOneSecond_HasCountedItsFrequency()
    {
        _machine.Clock.Advance(Second);

        Assert.Equal(3_579_545u, _machine.InDword(Timer));
    }

    [Fact]
    public void Timer_After24Bits_WrapsAround()
    {
        _machine.Clock.Advance(100 * Second);

        Assert.Equal(357_954_500u & 0xFF_FFFF, _machine.InDword(Timer));
    }

    [Fact]
    public void TimerStatus_WhenItsHighestBitChanges_InterruptsUntilCleared()
    {
        _machine.Out(SmiCommand, 0xF1);
        _machine.OutWord(Enable, 0x0001);
        _machine.Clock.Advance(2 * Second);
        bool early = Sci.IsAsserted;
        _machine.Clock.Advance(Second);
        bool raised = Sci.IsAsserted;
        ushort status = _machine.InWord(Status);
        _machine.OutWord(Status, 0x0001);
        bool cleared = Sci.IsAsserted;
        _machine.Clock.Advance(2 * Second);

        Assert.False(early);
        Assert.True(raised);
        Assert.Equal(0x0001, status);
        Assert.False(cleared);
        Assert.True(Sci.IsAsserted);
    }

    [Theory]
    [InlineData(0xF1, 0x0001)]
    [InlineData(0xF0, 0x0000)]
    [InlineData(0x55, 0x0000)]
    public void SmiCommand_SwitchesBetweenAcpiAndLegacyMode(byte command, ushort control)
    {
        _machine.Out(SmiCommand, command);

        Assert.Equal(control, _machine.InWord(Control));
        Assert.Equal(command, _machine.In(SmiCommand));
    }

    [Fact]
    public void PowerButton_WhileTheGuestListens_RaisesTheSciUntilCleared()
    {
        _machine.Out(SmiCommand, 0xF1);
        _machine.OutWord(Enable, PowerButton);

        _device.PressPowerButton();
        bool raised = Sci.IsAsserted;
        ushort status = _machine.InWord(Status);
        _machine.OutWord(Status, PowerButton);

        Assert.True(raised);
        Assert.Equal(PowerButton, status);
        Assert.False(Sci.IsAsserted);
    }

    [Fact]
    public void PowerButton_InLegacyMode_IsNotedSilently()
    {
        _machine.OutWord(Enable, PowerButton);

        _device.PressPowerButton();

        Assert.False(Sci.IsAsserted);
        Assert.Equal(PowerButton, _machine.InWord(Status));
    }

    [Fact]
    public void Sleep_OfTypeS5_SwitchesTheMachineOff()
    {
        _machine.OutWord(Control, 0x2001);

        Assert.Equal(1, _machine.Control.PowerOffs);
        Assert.Equal(0x0001, _machine.InWord(Control));
    }

    [Fact]
    public void Sleep_OfAnotherType_IsCountedAndIgnored()
    {
        _machine.OutWord(Control, 0x3400);

        Assert.Equal(0, _machine.Control.PowerOffs);
        Assert.Equal(1, _machine.Log.Count);
    }

    [Fact]
    public void GeneralPurposeEvent_Enabled_RaisesTheSciUntilCleared()
    {
        _machine.Out(SmiCommand, 0xF1);
        _machine.OutWord(GeneralEnable, 0x0008);

        _device.RaiseGeneralPurposeEvent(3);
        bool raised = Sci.IsAsserted;
        _machine.Out(GeneralStatus, 0x08);

        Assert.True(raised);
        Assert.False(Sci.IsAsserted);
    }

    [Theory]
    [InlineData(new byte[] { 0x06 }, 1)]
    [InlineData(new byte[] { 0x02, 0x06 }, 1)]
    [InlineData(new byte[] { 0x02, 0x04 }, 1)]
    [InlineData(new byte[] { 0x04, 0x04 }, 1)]
    [InlineData(new byte[] { 0x02 }, 0)]
    public void ResetControl_WhenItsBitRises_ResetsTheMachine(byte[] writes, int resets)
    {
        foreach (byte value in writes)
            _machine.Out(ResetControl, value);

        Assert.Equal(resets, _machine.Control.Resets);
    }

    [Fact]
    public void Registers_ReadByteByByte_AreTheSame()
    {
        _machine.Clock.Advance(Second);

        uint bytes = (uint)(_machine.In(Timer) | (_machine.In(Timer + 1) << 8) | (_machine.In(Timer + 2) << 16));

        Assert.Equal(_machine.InDword(Timer), bytes);
    }
}
