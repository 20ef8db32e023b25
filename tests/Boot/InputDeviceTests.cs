using System.Globalization;

namespace Hearth.Boot.Tests;

/// <summary>Typed keys, pointers, fingers and pads, as Linux' own drivers bring them to programs.</summary>
public sealed class InputDeviceTests
{
    private const int EventLength = 24;

    /// <summary>Reads every device until the keyboard has had its last key, F12, and writes what came.</summary>
    /// <param name="devices">How many there are; those on PS/2 are found some time after the start.</param>
    private static string Script(int devices) => $$"""
        while [ $(ls -d /sys/class/input/event* | wc -l) -lt {{devices}} ]; do sleep 0.1; done
        for event in /sys/class/input/event*; do
            node=${event##*/}
            cat /dev/input/$node > /tmp/$node &
        done
        echo reading
        for try in $(seq 3000); do
            od -An -v -t d2 -w24 /tmp/event* | grep -q ' 1 *88 *0' && break
            sleep 0.2
        done
        sleep 0.5
        for event in /sys/class/input/event*; do
            node=${event##*/}
            echo "device=$(cat $event/device/name)"
            od -An -v -t x1 -w24 /tmp/$node | tr -d ' ' | sed 's/^/event=/'
        done
        """;

    [Fact]
    public void Hands_reachEveryVirtioDevice_andTheLightComesBack()
    {
        string hands = "aB<ctrl-alt-f2><capslock><move 5,-3><wheel 1><click right><point 1000,2000><touch 0,10,20><touch 1,30,40><lift 0><lift 1>"
            + "<pad south><stick -32768,100><wait 0.3><f12>" + TestEngine.After(40);
        using TestGuest guest = new TestGuest(GuestAssets.Kernel, Script(6), "virtio_pci", "virtio_input", "evdev")
            .With("--input", "virtio,touch,pad", "--keys", hands, "--verbose");

        HearthOutcome outcome = guest.Run().AssertPoweredOff();

        Dictionary<string, (int Type, int Code, int Value)[]> events = EventsOf(outcome);
        int[] chord = [30, -30, 42, 48, -48, -42, 29, 56, 60, -60, -56, -29, 58, -58, 88, -88];
        Assert.Equal(chord, KeysOf(events["Hearth Keyboard"]));
        Assert.Equal(
            [(2, 0, 5), (2, 1, -3), (0, 0, 0), (2, 8, 1), (0, 0, 0), (1, 0x111, 1), (0, 0, 0), (1, 0x111, 0), (0, 0, 0)],
            events["Hearth Mouse"]);
        Assert.Equal([(3, 0, 1000), (3, 1, 2000), (0, 0, 0)], events["Hearth Tablet"]);
        Assert.Equal(
            [
                (3, 0x39, 1), (3, 0x35, 10), (3, 0x36, 20), (1, 0x14A, 1), (3, 0, 10), (3, 1, 20), (0, 0, 0),
                (3, 0x2F, 1), (3, 0x39, 2), (3, 0x35, 30), (3, 0x36, 40), (3, 0, 30), (3, 1, 40), (0, 0, 0),
                (3, 0x2F, 0), (3, 0x39, -1), (0, 0, 0),
                (3, 0x2F, 1), (3, 0x39, -1), (1, 0x14A, 0), (0, 0, 0),
            ],
            events["Hearth Touchscreen"]);
        Assert.Equal(
            [(1, 0x130, 1), (0, 0, 0), (1, 0x130, 0), (0, 0, 0), (3, 0, -32768), (3, 1, 100), (0, 0, 0)],
            events["Hearth Gamepad"]);
        Assert.Empty(events["AT Translated Set 2 keyboard"]);
        Assert.Contains("keyboard lights: CapsLock", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Hands_withoutVirtio_reachThePs2Devices()
    {
        using TestGuest guest = new TestGuest(GuestAssets.Kernel, Script(2), "psmouse", "evdev")
            .With("--input", "ps2", "--keys", "aB<capslock><del><move 5,-3><click left><wheel -1><wait 0.3><f12>" + TestEngine.After(40), "--verbose");

        HearthOutcome outcome = guest.Run().AssertPoweredOff();

        Dictionary<string, (int Type, int Code, int Value)[]> events = EventsOf(outcome);
        Assert.Equal([30, -30, 42, 48, -48, -42, 58, -58, 111, -111, 88, -88], KeysOf(events["AT Translated Set 2 keyboard"]));
        (int Type, int Code, int Value)[] mouse = events.Single(device => device.Key.Contains("Mouse", StringComparison.Ordinal)).Value;
        Assert.Equal([(2, 0, 5), (2, 1, -3), (1, 0x110, 1), (1, 0x110, 0), (2, 8, -1)], mouse.Where(change => change.Type is 1 or 2 && change.Code != 0xB));
        Assert.Contains("keyboard lights: CapsLock", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Key_heldWhileTheGuestIsSaved_isReleasedWhenItGoesOn()
    {
        const string Held = """
            cat /dev/input/event* > /dev/null &
            for event in /sys/class/input/event*; do
                grep -q "Hearth Keyboard" $event/device/name && node=${event##*/}
            done
            cat /dev/input/$node > /tmp/events &
            for try in $(seq 3000); do test -s /tmp/events && break; sleep 0.1; done
            echo held
            sleep 15
            od -An -v -t x1 -w24 /tmp/events | tr -d ' ' | sed 's/^/event=/'
            """;
        using TestGuest guest = new TestGuest(GuestAssets.Kernel, Held, "virtio_pci", "virtio_input", "evdev").With("--input", "virtio");
        string state = guest.Scratch["saved"];
        using (HearthProcess process = HearthProcess.Start([.. guest.Arguments, "--keys", "<down shift>" + TestEngine.After(40), "--save", state]))
        {
            process.WaitForText("held");
            process.Save();
            Assert.Equal(14, process.WaitForExit().ExitCode);
        }

        HearthOutcome restored = HearthProcess.Run([.. guest.Arguments, "--restore", state]).AssertPoweredOff();

        Assert.Equal([42, -42], KeysOf([.. restored.Lines.Where(line => line.StartsWith("event=", StringComparison.Ordinal)).Select(Parse)]));
    }

    /// <summary>Key codes in order, those of releases negative. The kernel's own repeats are left out.</summary>
    private static IEnumerable<int> KeysOf((int Type, int Code, int Value)[] events) =>
        events.Where(change => change is { Type: 1, Value: 0 or 1 }).Select(change => change.Value == 1 ? change.Code : -change.Code);

    private static Dictionary<string, (int Type, int Code, int Value)[]> EventsOf(HearthOutcome outcome)
    {
        var events = new Dictionary<string, (int, int, int)[]>();
        string device = "";
        foreach (string line in outcome.Lines)
        {
            if (line.StartsWith("device=", StringComparison.Ordinal))
                events[device = line["device=".Length..].Trim()] = [];
            else if (line.StartsWith("event=", StringComparison.Ordinal))
                events[device] = [.. events[device], Parse(line)];
        }

        return events;
    }

    /// <summary>A <c>struct input_event</c> as od writes it: 16 bytes of time, type, code, value.</summary>
    private static (int Type, int Code, int Value) Parse(string line)
    {
        byte[] raw = Convert.FromHexString(line["event=".Length..].Trim());
        Assert.True(raw.Length == EventLength, string.Create(CultureInfo.InvariantCulture, $"{line} is no event"));
        return (BitConverter.ToUInt16(raw, 16), BitConverter.ToUInt16(raw, 18), BitConverter.ToInt32(raw, 20));
    }
}
