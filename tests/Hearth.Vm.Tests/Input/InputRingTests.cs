using Hearth.Devices.Input;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Testing;
using Hearth.Vm.Input;

namespace Hearth.Vm.Tests.Input;

public sealed class InputRingTests
{
    [Fact]
    public void Reports_arriveWholeAtTheirDevices()
    {
        var router = new InputRouter(_ => { });
        var keyboard = new CollectingDevice(InputDeviceKind.Keyboard);
        var mouse = new CollectingDevice(InputDeviceKind.Mouse);
        router.Add(keyboard);
        router.Add(mouse);
        using var ring = new InputRing();
        using var pump = new InputPump(ring, router);

        Assert.True(ring.TryWrite(InputDeviceKind.Mouse, [new(2, 0, 5), new(2, 1, -5)]));
        Assert.True(ring.TryWrite(InputDeviceKind.Keyboard, [new(1, 30, 1)]));
        Assert.True(ring.TryWrite((InputDeviceKind)200, [new(1, 30, 1)]));
        Assert.True(ring.TryWrite(InputDeviceKind.Keyboard, [new(1, 30, 0)]));

        keyboard.WaitFor(2);
        mouse.WaitFor(1);
        Assert.Equal([[new(1, 30, 1)], [new(1, 30, 0)]], keyboard.Reports);
        Assert.Equal([[new(2, 0, 5), new(2, 1, -5)]], mouse.Reports);
    }

    [Fact]
    public void Ring_thatNobodyReads_refusesWholeReports()
    {
        using var ring = new InputRing();
        int written = 0;
        while (ring.TryWrite(InputDeviceKind.Mouse, [new(2, 0, 5), new(2, 1, -5)]))
            written++;

        int read = 0;
        int ends = 0;
        for (; ring.TryRead(out _, out InputEvent change); read++)
            ends += change.Type == 0 ? 1 : 0;

        Assert.Equal((3 * written, written), (read, ends));
        Assert.False(ring.TryWrite(InputDeviceKind.Mouse, new InputEvent[InputRing.LongestReport]));
    }

    [Fact]
    public void Typist_keepsTheGuestsTime()
    {
        var clock = new ManualClock();
        using var ring = new InputRing();
        using var typist = new Typist([new InputStep(1000, InputTarget.Keyboard, []), new InputStep(20, InputTarget.Keyboard, [new InputChange(1, 30, 1)])], ring, clock);
        typist.Start();

        clock.Advance(1_019_000_000);
        bool early = ring.TryRead(out _, out _);
        clock.Advance(1_000_000);

        Assert.False(early);
        Assert.True(ring.TryRead(out InputDeviceKind kind, out InputEvent change));
        Assert.Equal((InputDeviceKind.Keyboard, new InputEvent(1, 30, 1)), (kind, change));
        Assert.Null(clock.NextDeadline);
    }

    [Fact]
    public void Lights_areToldAndStandInTheRing()
    {
        var told = new List<string>();
        using var input = new GuestInput(new InputConfiguration([], []), told.Add);
        var keyboard = new CollectingDevice(InputDeviceKind.Keyboard) { Lights = InputLights.CapsLock };
        input.Router.Add(keyboard);

        input.Router.LightsChanged(keyboard);

        Assert.Equal(InputLights.CapsLock, input.Ring.Lights);
        Assert.Equal(["keyboard lights: CapsLock"], told);
    }

    private sealed class CollectingDevice(InputDeviceKind kind) : IInputDevice
    {
        private readonly object _sync = new();

        public InputDeviceKind Kind { get; } = kind;

        public bool IsReady => true;

        public InputLights Lights { get; init; }

        public List<InputEvent[]> Reports { get; } = [];

        public void Report(ReadOnlySpan<InputEvent> events)
        {
            lock (_sync)
            {
                Reports.Add(events.ToArray());
                Monitor.PulseAll(_sync);
            }
        }

        public void ReleaseAll()
        {
        }

        public void WaitFor(int count)
        {
            lock (_sync)
            {
                while (Reports.Count < count)
                    Assert.True(Monitor.Wait(_sync, TimeSpan.FromSeconds(30)), "a report did not arrive");
            }
        }
    }
}
