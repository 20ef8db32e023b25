using Hearth.Devices.Platform.Uart;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Uart;

public sealed class UartDeviceTests
{
    private const ushort Data = 0x3F8;
    private const ushort InterruptEnable = 0x3F9;
    private const ushort Identification = 0x3FA;
    private const ushort FifoControl = 0x3FA;
    private const ushort LineControl = 0x3FB;
    private const ushort ModemControl = 0x3FC;
    private const ushort LineStatus = 0x3FD;
    private const ushort ModemStatus = 0x3FE;
    private const ushort Scratch = 0x3FF;
    private const byte InterruptsToBus = 0x08;
    private const byte Loopback = 0x10;
    private const byte EightBits = 0x03;
    private const long Millisecond = 1_000_000;

    private readonly TestMachine _machine = new();
    private readonly RecordingCharacterPort _port = new();
    private readonly UartDevice _uart;

    public UartDeviceTests()
    {
        _uart = new UartModule(0, _port).Create(_machine.Context);
        _uart.Reset();
        _machine.Out(LineControl, EightBits);
    }

    private RecordingLine Line => _machine.Line(4);

    [Fact]
    public void Scratch_Written_ReadsBack()
    {
        _machine.Out(Scratch, 0x5A);

        Assert.Equal(0x5A, _machine.In(Scratch));
    }

    [Fact]
    public void DivisorLatch_Written_ReadsBackAndLeavesInterruptEnableAlone()
    {
        _machine.Out(InterruptEnable, 0x0F);
        _machine.Out(LineControl, 0x83);
        _machine.OutWord(Data, 0x1234);
        ushort divisor = _machine.InWord(Data);
        _machine.Out(LineControl, EightBits);

        Assert.Equal(0x1234, divisor);
        Assert.Equal(0x0F, _machine.In(InterruptEnable));
    }

    [Fact]
    public void InterruptEnable_UpperBits_DoNotStick()
    {
        _machine.Out(InterruptEnable, 0xFF);

        Assert.Equal(0x0F, _machine.In(InterruptEnable));
    }

    /// <summary>The probes of Linux' 8250 autoconfig, which tell a 16550A from its older and newer relatives.</summary>
    [Fact]
    public void Autoconfiguration_ByLinux_SeesA16550A()
    {
        _machine.Out(ModemControl, Loopback | 0x0A);
        int loopback = _machine.In(ModemStatus) & 0xF0;
        _machine.Out(ModemControl, 0);
        _machine.Out(FifoControl, 0x01);
        int fifo = _machine.In(Identification) >> 6;
        _machine.Out(LineControl, 0xBF);
        byte extendedFeatures = _machine.In(Identification);
        _machine.Out(LineControl, EightBits);
        _machine.Out(FifoControl, 0x21);
        int sixtyFourByteFifo = _machine.In(Identification) >> 5;

        Assert.Equal(0x90, loopback);
        Assert.Equal(3, fifo);
        Assert.NotEqual(0, extendedFeatures);
        Assert.Equal(6, sixtyFourByteFifo);
    }

    [Fact]
    public void Transmit_OfText_ReachesThePortInOneWriteAfterTwoMilliseconds()
    {
        foreach (char character in "hello\n")
            _machine.Out(Data, (byte)character);
        int before = _port.Writes;
        _machine.Clock.Advance(2 * Millisecond);

        Assert.Equal(0, before);
        Assert.Equal("hello\n", _port.Text);
        Assert.Equal(1, _port.Writes);
    }

    [Fact]
    public void Transmit_OfAFlood_IsWrittenInLargePiecesAndLosesNothing()
    {
        for (int i = 0; i < 100_000; i++)
            _machine.Out(Data, (byte)'a');
        _uart.Flush();

        Assert.Equal(100_000, _port.Length);
        Assert.InRange(_port.Writes, 1, 30);
    }

    [Fact]
    public void Save_WithOutputWaiting_HandsItToThePort()
    {
        _machine.Out(Data, (byte)'!');

        TestMachine.Save(_uart);

        Assert.Equal("!", _port.Text);
    }

    [Fact]
    public void LineStatus_WhileTransmitting_ShowsAnEmptyTransmitter()
    {
        _machine.Out(Data, (byte)'a');

        Assert.Equal(0x60, _machine.In(LineStatus));
    }

    [Fact]
    public void TransmitterInterrupt_WhenEnabled_RisesAndFallsWithIdentification()
    {
        _machine.Out(ModemControl, InterruptsToBus);
        _machine.Out(InterruptEnable, 0x02);
        bool raised = Line.IsAsserted;
        byte source = _machine.In(Identification);

        Assert.True(raised);
        Assert.Equal(0x02, source);
        Assert.False(Line.IsAsserted);
        Assert.Equal(0x01, _machine.In(Identification));
    }

    [Fact]
    public void TransmitterInterrupt_AfterEachCharacter_IsANewEdge()
    {
        _machine.Out(ModemControl, InterruptsToBus);
        _machine.Out(InterruptEnable, 0x02);
        _machine.Out(Data, (byte)'a');
        _machine.Out(Data, (byte)'b');

        Assert.Equal(3, Line.RisingEdges);
        Assert.True(Line.IsAsserted);
    }

    [Fact]
    public void Interrupt_WithoutOut2_DoesNotReachTheBus()
    {
        _machine.Out(InterruptEnable, 0x02);

        Assert.False(Line.IsAsserted);
        Assert.Equal(0x02, _machine.In(Identification));
    }

    [Fact]
    public void Receive_WithoutFifo_TakesOneCharacterAtATime()
    {
        int taken = _port.Type("ab");

        Assert.Equal(1, taken);
        Assert.Equal((byte)'a', _machine.In(Data));
        Assert.Equal(1, _port.Type("b"));
    }

    [Fact]
    public void Receive_WithFifo_TakesSixteenCharactersInOrder()
    {
        _machine.Out(FifoControl, 0x01);

        int taken = _port.Type("0123456789abcdefgh");

        Assert.Equal(16, taken);
        Assert.Equal("0123456789abcdef", string.Concat(Enumerable.Range(0, 16).Select(_ => (char)_machine.In(Data))));
        Assert.Equal(0x60, _machine.In(LineStatus));
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xC1, 14)]
    public void ReceiveInterrupt_AtTriggerLevel_IsRaised(byte control, int level)
    {
        _machine.Out(ModemControl, InterruptsToBus);
        _machine.Out(FifoControl, control);
        _machine.Out(InterruptEnable, 0x01);
        _port.Type(new string('x', level - 1));
        bool below = Line.IsAsserted;
        _port.Type("x");

        Assert.False(below);
        Assert.True(Line.IsAsserted);
        Assert.Equal(0xC4, _machine.In(Identification));
    }

    [Fact]
    public void ReceiveInterrupt_BelowTriggerLevel_ComesAfterFourCharacterTimes()
    {
        _machine.Out(ModemControl, InterruptsToBus);
        _machine.Out(FifoControl, 0xC1);
        _machine.Out(InterruptEnable, 0x01);
        _port.Type("x");

        // Divisor 12 is 9600 baud; four characters of ten bits take 4.17 ms.
        _machine.Clock.Advance(4 * Millisecond);
        bool early = Line.IsAsserted;
        _machine.Clock.Advance(Millisecond);
        byte source = _machine.In(Identification);
        _machine.In(Data);

        Assert.False(early);
        Assert.Equal(0xCC, source);
        Assert.False(Line.IsAsserted);
    }

    [Fact]
    public void Interrupts_OfAllSources_ComeInOrderOfPriority()
    {
        _machine.Out(ModemControl, InterruptsToBus);
        _machine.Out(ModemControl, InterruptsToBus | Loopback);
        _machine.Out(InterruptEnable, 0x0F);
        _machine.Out(Data, (byte)'a');
        _machine.Out(Data, (byte)'b');

        byte lineStatus = _machine.In(Identification);
        _machine.In(LineStatus);
        byte received = _machine.In(Identification);
        _machine.In(Data);
        byte transmitter = _machine.In(Identification);
        byte modem = _machine.In(Identification);
        _machine.In(ModemStatus);
        byte none = _machine.In(Identification);

        Assert.Equal([0x06, 0x04, 0x02, 0x00, 0x01], new[] { lineStatus, received, transmitter, modem, none });
    }

    [Fact]
    public void Loopback_OfCharacter_ComesBackAndDoesNotReachThePort()
    {
        _machine.Out(ModemControl, Loopback);
        _machine.Out(Data, 0xA5);
        byte status = _machine.In(LineStatus);
        _uart.Flush();

        Assert.Equal(0x61, status);
        Assert.Equal(0xA5, _machine.In(Data));
        Assert.Equal(0, _port.Length);
        Assert.Equal(0, _port.Type("x"));
    }

    [Fact]
    public void Loopback_PastTheFifo_ShowsOverrunOnce()
    {
        _machine.Out(ModemControl, Loopback);
        _machine.Out(FifoControl, 0x01);
        for (int i = 0; i < 17; i++)
            _machine.Out(Data, (byte)i);

        Assert.Equal(0x63, _machine.In(LineStatus));
        Assert.Equal(0x61, _machine.In(LineStatus));
    }

    [Fact]
    public void Break_Sent_IsAZeroWithBreakAndFramingError()
    {
        bool sent = _uart.TrySendBreak();

        Assert.True(sent);
        Assert.Equal(0x79, _machine.In(LineStatus));
        Assert.Equal(0, _machine.In(Data));
    }

    [Fact]
    public void ModemStatus_OfPluggedCable_HasAllLinesUp()
    {
        Assert.Equal(0xB0, _machine.In(ModemStatus));
    }

    [Fact]
    public void ModemStatus_WithoutCable_HasNoLinesAndOutputIsLost()
    {
        UartDevice empty = new UartModule(1).Create(_machine.Context);
        empty.Reset();
        _machine.Out(0x2F8, (byte)'x');

        Assert.Equal(0x00, _machine.In(0x2FE));
        Assert.Equal(0x60, _machine.In(0x2FD));
    }

    [Fact]
    public void ClearReceiver_WithCharactersWaiting_EmptiesTheFifo()
    {
        _machine.Out(FifoControl, 0x01);
        _port.Type("abc");

        _machine.Out(FifoControl, 0x03);

        Assert.Equal(0x60, _machine.In(LineStatus));
    }

    [Theory]
    [InlineData(0, 0x3F8, 4)]
    [InlineData(1, 0x2F8, 3)]
    [InlineData(2, 0x3E8, 4)]
    [InlineData(3, 0x2E8, 3)]
    public void Module_OfIndex_HasThePortsAndInterruptOfThePc(int index, int port, int interrupt)
    {
        var machine = new TestMachine();
        UartDevice uart = new UartModule(index).Create(machine.Context);
        uart.Reset();

        machine.Out((ushort)(port + 4), InterruptsToBus);
        machine.Out((ushort)(port + 1), 0x02);

        Assert.True(machine.Line(interrupt).IsAsserted);
        Assert.Equal($"uart{index}", uart.Name);
    }

    [Fact]
    public void Module_OfFifthPort_Throws()
    {
        Assert.Throws<MachineException>(() => new UartModule(4));
    }
}
