using System.Buffers.Binary;
using System.Text;
using Hearth.Devices.Tests.Input;
using Hearth.Devices.Virtio.Input;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioInputDeviceTests
{
    private const ulong Buffers = 0x40000;
    private const ulong StatusBuffer = 0x50000;
    private const int Events = 0;
    private const int Status = 1;
    private const ushort A = 30;
    private const ushort LeftShift = 42;

    private readonly RecordingObserver _observer = new();
    private VirtioRig _rig = null!;
    private int _offered;
    private int _taken;

    [Theory]
    [InlineData(InputDeviceKind.Keyboard, "Hearth Keyboard", 1)]
    [InlineData(InputDeviceKind.Mouse, "Hearth Mouse", 2)]
    [InlineData(InputDeviceKind.Tablet, "Hearth Tablet", 3)]
    [InlineData(InputDeviceKind.Touchscreen, "Hearth Touchscreen", 4)]
    [InlineData(InputDeviceKind.Gamepad, "Hearth Gamepad", 5)]
    public void Configuration_TellsNameSerialAndIdentity(InputDeviceKind kind, string name, ushort product)
    {
        Create(kind);

        Assert.Equal(name, Encoding.ASCII.GetString(Ask(1, 0)));
        Assert.Equal("input0", Encoding.ASCII.GetString(Ask(2, 0)));
        Assert.Equal([6, 0, 0x52, 0x48, (byte)product, 0, 1, 0], Ask(3, 0));
        Assert.Equal(18, _rig.Device.Identity.DeviceType);
    }

    [Fact]
    public void Keyboard_HasKeysLightsAndRepeat()
    {
        Create(InputDeviceKind.Keyboard);

        Assert.Equal(Enumerable.Range(1, 248), Bits(Ask(0x11, 1)));
        Assert.Equal([0, 1, 2, 3, 4], Bits(Ask(0x11, 0x11)));
        Assert.Equal([0, 1], Bits(Ask(0x11, 0x14)));
        Assert.Empty(Ask(0x11, 2));
        Assert.Empty(Ask(0x11, 3));
    }

    [Fact]
    public void Touchscreen_HasSlotsAndIsDirect()
    {
        Create(InputDeviceKind.Touchscreen);

        Assert.Equal([2], Ask(0x10, 0));
        Assert.Equal([0, 1, 0x2F, 0x35, 0x36, 0x39], Bits(Ask(0x11, 3)));
        byte[] slot = Ask(0x12, 0x2F);
        byte[] x = Ask(0x12, 0x35);
        Assert.Equal((0, 9), (BinaryPrimitives.ReadInt32LittleEndian(slot), BinaryPrimitives.ReadInt32LittleEndian(slot.AsSpan(4))));
        Assert.Equal((20, 0x7FFF), (x.Length, BinaryPrimitives.ReadInt32LittleEndian(x.AsSpan(4))));
        Assert.Empty(Ask(0x12, 0x20));
    }

    [Fact]
    public void Configuration_SelectingWhatIsNotThere_AnswersNothing()
    {
        Create(InputDeviceKind.Mouse);

        for (int select = 0; select < 256; select++)
        {
            for (int subselect = 0; subselect < 256; subselect += 5)
                Assert.InRange(Ask((byte)select, (byte)subselect).Length, 0, 128);
        }

        Assert.Empty(Ask(0x55, 0));
        Assert.Empty(Ask(1, 1));
        Assert.Empty(Ask(0x10, 0));
    }

    [Fact]
    public void Report_ArrivesWholeAndEnds()
    {
        VirtioInputDevice mouse = Start(InputDeviceKind.Mouse);
        Offer(8);

        mouse.Report([new(2, 0, 5), new(2, 1, -3), new(1, InputCode.ButtonLeft, 1)]);

        Assert.Equal([(1, InputCode.ButtonLeft, 1), (2, 0, 5), (2, 1, -3), (0, 0, 0)], Taken());
        Assert.True(_rig.Line.IsAsserted);
    }

    [Fact]
    public void Repeats_AndWhatTheDeviceDoesNotHave_AreLeftOut()
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);
        Offer(8);

        keyboard.Report([new(1, A, 1)]);
        keyboard.Report([new(1, A, 2)]);
        keyboard.Report([new(1, A, 1)]);
        keyboard.Report([new(2, 0, 5), new(3, 0, 5), new(1, 0x2FF, 1), new(1, 0xFFFF, 1), new(9, 9, 9)]);

        Assert.Equal([(1, A, 1), (0, 0, 0)], Taken());
    }

    [Fact]
    public void Report_WithoutRoomForAllOfIt_IsNotBegun()
    {
        VirtioInputDevice mouse = Start(InputDeviceKind.Mouse);
        Offer(2);

        mouse.Report([new(2, 0, 5), new(2, 1, -3)]);

        Assert.Empty(Taken());
        Assert.Equal(0, _rig.Queue(Events).UsedIndex);
    }

    [Fact]
    public void Movement_ThatFoundNoRoom_AddsUp()
    {
        VirtioInputDevice mouse = Start(InputDeviceKind.Mouse);
        mouse.Report([new(2, 0, 5)]);
        mouse.Report([new(2, 0, 7)]);

        Offer(4);
        _rig.Kick(Events);

        Assert.Equal([(2, 0, 12), (0, 0, 0)], Taken());
    }

    [Fact]
    public void Key_ReleasedWhileTheGuestWasSlow_IsReleasedLater()
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);
        Offer(2);
        keyboard.Report([new(1, LeftShift, 1)]);

        keyboard.Report([new(1, LeftShift, 0)]);
        keyboard.Report([new(1, A, 1)]);
        keyboard.Report([new(1, A, 0)]);
        (int, int, int)[] before = Taken();
        Offer(4);
        _rig.Kick(Events);

        Assert.Equal([(1, LeftShift, 1), (0, 0, 0)], before);
        Assert.Equal([(1, LeftShift, 0), (0, 0, 0)], Taken());
    }

    [Fact]
    public void Driver_ComingLate_LearnsOfKeysThatAreDown()
    {
        var keyboard = (VirtioInputDevice)Create(InputDeviceKind.Keyboard).Device;
        keyboard.Report([new(1, LeftShift, 1)]);
        Assert.False(keyboard.IsReady);

        // A driver that resets the device first starts it with nothing pressed.
        _rig.Negotiate(VirtioRig.Version1);
        keyboard.Report([new(1, A, 1)]);
        _rig.SetUpQueue(0);
        _rig.SetUpQueue(1);
        Offer(4);
        _rig.Status = 15;

        Assert.True(keyboard.IsReady);
        Assert.Equal([(1, A, 1), (0, 0, 0)], Taken());
    }

    [Fact]
    public void ReleaseAll_LetsGoOfKeysFingersAndSticks()
    {
        VirtioInputDevice pad = Start(InputDeviceKind.Gamepad);
        Offer(16);
        pad.Report([new(1, InputCode.ButtonSouth, 1), new(3, 0, -32768), new(3, InputCode.AbsoluteHatX, 1)]);
        Taken();

        pad.ReleaseAll();

        Assert.Equal([(1, InputCode.ButtonSouth, 0), (3, 0, 0), (3, InputCode.AbsoluteHatX, 0), (0, 0, 0)], Taken());
    }

    [Fact]
    public void Touches_KeepTheirSlots()
    {
        VirtioInputDevice screen = Start(InputDeviceKind.Touchscreen);
        Offer(16);

        screen.Report([new(3, 0x2F, 0), new(3, 0x39, 7), new(3, 0x35, 100), new(3, 0x36, 200), new(3, 0x2F, 1), new(3, 0x39, 8), new(3, 0x35, 300)]);
        screen.Report([new(3, 0x2F, 0), new(3, 0x39, -1)]);

        Assert.Equal(
            [
                (3, 0x39, 7), (3, 0x35, 100), (3, 0x36, 200), (3, 0x2F, 1), (3, 0x39, 8), (3, 0x35, 300), (0, 0, 0),
                (3, 0x2F, 0), (3, 0x39, -1), (0, 0, 0),
            ],
            Taken());
    }

    [Fact]
    public void Positions_OutOfRange_AreBroughtIntoIt()
    {
        VirtioInputDevice tablet = Start(InputDeviceKind.Tablet);
        Offer(8);

        tablet.Report([new(3, 0, int.MaxValue), new(3, 1, -5)]);

        Assert.Equal([(3, 0, 0x7FFF), (0, 0, 0)], Taken());
    }

    [Fact]
    public void Lights_SwitchedByTheGuest_ComeBack()
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);

        SendStatus(0x11, 1, 1);
        InputLights on = keyboard.Lights;
        SendStatus(0x11, 0, 1);
        SendStatus(0x11, 1, 0);

        Assert.Equal((InputLights.CapsLock, InputLights.NumLock), (on, keyboard.Lights));
        Assert.Equal(3, _observer.Changes);
        Assert.Equal(3, _rig.Queue(Status).UsedIndex);
    }

    [Theory]
    [InlineData(0x11, 5, 1)]
    [InlineData(0x11, 0xFFFF, 1)]
    [InlineData(0x14, 0, 250)]
    [InlineData(0, 0, 0)]
    public void Status_OfOtherKinds_ChangesNoLight(ushort type, ushort code, int value)
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);

        SendStatus(type, code, value);

        Assert.Equal((InputLights.None, 0), (keyboard.Lights, _observer.Changes));
    }

    [Fact]
    public void Buffer_TooShortForAnEvent_NeedsReset()
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);
        _rig.Queue(Events).Add(new TestDescriptor(Buffers, 7, Writable: true));
        _rig.Queue(Events).Add(new TestDescriptor(Buffers, 7, Writable: true));

        keyboard.Report([new(1, A, 1)]);

        Assert.Equal(15 | 64, _rig.Status);
        Assert.False(keyboard.IsReady);
    }

    [Fact]
    public void Keys_SavedWhileDown_AreReleasedAfterRestore()
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);
        Offer(8);
        keyboard.Report([new(1, A, 1)]);
        Taken();
        byte[] saved = TestMachine.Save(_rig.Function);
        byte[] ram = [.. _rig.Machine.Ram.Bytes];

        VirtioRig old = _rig;
        var restored = (VirtioInputDevice)Create(InputDeviceKind.Keyboard).Device;
        ram.CopyTo(_rig.Machine.Ram.Bytes, 0);
        TestMachine.Restore(_rig.Function, saved);
        restored.ReleaseAll();

        VirtqueueDriver queue = old.Queue(Events);
        Assert.Equal(2, queue.UsedIndex);
        Assert.Equal(4, BinaryPrimitives.ReadUInt16LittleEndian(_rig.Machine.Ram.Bytes.AsSpan((int)queue.Used + 2)));
        Assert.Equal((1, (int)A, 0), EventAt(2));
        Assert.Equal((0, 0, 0), EventAt(3));
    }

    [Fact]
    public void Events_WhilePaused_ComeWithResume()
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);
        Offer(8);
        _rig.Function.Pause();

        keyboard.Report([new(1, A, 1)]);
        int paused = _rig.Queue(Events).UsedIndex;
        _rig.Function.Resume();

        Assert.Equal(0, paused);
        Assert.Equal([(1, A, 1), (0, 0, 0)], Taken());
    }

    [Fact]
    public void Reports_InSteadyState_AllocateNothing()
    {
        VirtioInputDevice mouse = Start(InputDeviceKind.Mouse);
        InputEvent[] report = [new(2, 0, 5), new(2, 1, -3)];

        long allocated = Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                Offer(3);
                mouse.Report(report);
                while (_rig.Queue(Events).TryTakeUsed(out _, out _))
                    _taken++;
            }
        });

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void RandomReportsAndBuffers_NeverLeaveAKeyDown()
    {
        VirtioInputDevice keyboard = Start(InputDeviceKind.Keyboard);
        var random = new Random(5);
        var guest = new HashSet<int>();
        var host = new HashSet<int>();
        for (int round = 0; round < 5000; round++)
        {
            int key = random.Next(1, 40);
            int value = random.Next(2);
            _ = value == 1 ? host.Add(key) : host.Remove(key);
            keyboard.Report([new(1, (ushort)key, value)]);
            if (random.Next(3) == 0)
            {
                Offer(random.Next(1, 6));
                _rig.Kick(Events);
            }

            Follow(guest);
        }

        for (int i = 0; i < 20; i++)
        {
            Offer(8);
            _rig.Kick(Events);
            Follow(guest);
        }

        Assert.Equal(host.Order(), guest.Order());
    }

    private void Follow(HashSet<int> guest)
    {
        (int Type, int Code, int Value)[] taken = Taken();
        Assert.True(taken.Length == 0 || taken[^1] == (0, 0, 0), "half a report was told");
        foreach ((int type, int code, int value) in taken)
        {
            if (type == 1)
                _ = value == 1 ? guest.Add(code) : guest.Remove(code);
        }
    }

    private VirtioRig Create(InputDeviceKind kind) => _rig = new VirtioRig(context => new VirtioInputDevice("input0", kind, _observer, context));

    private VirtioInputDevice Start(InputDeviceKind kind)
    {
        Create(kind).Start(VirtioRig.Version1 | VirtioRig.EventIndex);
        return (VirtioInputDevice)_rig.Device;
    }

    /// <summary>Reads what the device says about something.</summary>
    private byte[] Ask(byte select, byte subselect)
    {
        _rig.Write(0x2000, AccessWidth.Byte, select);
        _rig.Write(0x2001, AccessWidth.Byte, subselect);
        return [.. Enumerable.Range(0, (int)_rig.ReadDevice(2, AccessWidth.Byte)).Select(i => (byte)_rig.ReadDevice(8 + (ulong)i, AccessWidth.Byte))];
    }

    private static IEnumerable<int> Bits(byte[] bits) => Enumerable.Range(0, bits.Length * 8).Where(bit => ((bits[bit / 8] >> (bit % 8)) & 1) != 0);

    private void Offer(int count)
    {
        for (int i = 0; i < count && _offered - _taken < 16; i++, _offered++)
            _rig.Queue(Events).Add(new TestDescriptor(Buffers + (8 * (ulong)(_offered % 16)), 8, Writable: true));
    }

    private (int Type, int Code, int Value)[] Taken()
    {
        var events = new List<(int, int, int)>();
        while (_rig.Queue(Events).TryTakeUsed(out uint head, out uint written))
        {
            Assert.Equal(8U, written);
            _taken++;
            events.Add(EventAt((int)head));
        }

        return [.. events];
    }

    private (int Type, int Code, int Value) EventAt(int buffer)
    {
        ReadOnlySpan<byte> raw = _rig.Machine.Ram.Bytes.AsSpan((int)Buffers + (8 * buffer), 8);
        return (BinaryPrimitives.ReadUInt16LittleEndian(raw), BinaryPrimitives.ReadUInt16LittleEndian(raw[2..]), BinaryPrimitives.ReadInt32LittleEndian(raw[4..]));
    }

    private void SendStatus(ushort type, ushort code, int value)
    {
        Span<byte> raw = _rig.Machine.Ram.Bytes.AsSpan((int)StatusBuffer, 8);
        BinaryPrimitives.WriteUInt16LittleEndian(raw, type);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[2..], code);
        BinaryPrimitives.WriteInt32LittleEndian(raw[4..], value);
        _rig.Queue(Status).Add(new TestDescriptor(StatusBuffer, 8));
        _rig.Kick(Status);
    }
}
