using System.Text.Json.Nodes;

namespace Hearth.Proving.Qmp;

/// <summary>A client of the QEMU Machine Protocol (QEMU's docs/interop/qmp-spec): commands in turn, events as they come.</summary>
public sealed class QmpClient : IDisposable
{
    /// <summary>The display adapter's id on QEMU's command line.</summary>
    internal const string DisplayId = "display";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly GroundMonitor _monitor;
    private readonly LineSocket _socket;
    private readonly string _screen;

    // Under the monitor.
    private readonly Dictionary<int, JsonObject> _answers = [];
    private readonly List<QmpEvent> _events = [];
    private bool _isGreeted;

    private int _last;

    /// <param name="socket">A path to which QEMU connects.</param>
    /// <param name="screen">A path for pictures of the screen.</param>
    internal QmpClient(string socket, string screen, GroundMonitor monitor)
    {
        _monitor = monitor;
        _screen = screen;
        _socket = new LineSocket(socket, Receive);
        Keyboard = new QmpKeyboard(this);
        PointingDevice = new QmpPointingDevice(this);
    }

    public QmpKeyboard Keyboard { get; }

    public QmpPointingDevice PointingDevice { get; }

    /// <summary>Runs a command.</summary>
    /// <returns>What it returns: mostly an empty object.</returns>
    /// <exception cref="ProvingGroundException">QEMU refuses it, does not answer, or is dead.</exception>
    public JsonNode Execute(string command, JsonObject? arguments = null)
    {
        int id = Interlocked.Increment(ref _last);
        _socket.Send(new JsonObject { ["execute"] = command, ["arguments"] = arguments ?? [], ["id"] = id }.ToJsonString());
        JsonObject? answer = null;
        _monitor.WaitUntil(() => _answers.Remove(id, out answer), s_patience, $"QEMU's answer to {command}");
        return answer!["error"] is { } error
            ? throw new ProvingGroundException($"QEMU refuses {command}: {error["desc"]}")
            : answer["return"]!;
    }

    /// <summary>Waits for an event and takes it: the next call waits for another one.</summary>
    /// <exception cref="ProvingGroundException">It did not come in time, or QEMU is dead.</exception>
    public QmpEvent WaitForEvent(string name, TimeSpan patience) => WaitForEvent(name, _ => true, patience);

    /// <inheritdoc cref="WaitForEvent(string, TimeSpan)"/>
    public QmpEvent WaitForEvent(string name, Func<JsonObject, bool> isMeant, TimeSpan patience)
    {
        QmpEvent? found = null;
        _monitor.WaitUntil(
            () =>
            {
                found = _events.FirstOrDefault(candidate => candidate.Name == name && isMeant(candidate.Data));
                return found is not null && _events.Remove(found);
            },
            patience,
            $"QEMU's event {name}");
        return found!;
    }

    /// <summary>What an output of the display shows.</summary>
    /// <param name="output">Of the display adapter, from 0.</param>
    public Screenshot Screenshot(int output = 0)
    {
        Execute("screendump", new JsonObject { ["filename"] = _screen, ["device"] = DisplayId, ["head"] = output });
        return Qmp.Screenshot.ReadPortablePixmap(File.ReadAllBytes(_screen));
    }

    /// <summary>Plugs a device in, such as <c>usb-mouse</c>.</summary>
    /// <param name="id">By which it is unplugged.</param>
    public void AddDevice(string driver, string id, JsonObject? properties = null)
    {
        var arguments = new JsonObject { ["driver"] = driver, ["id"] = id };
        foreach ((string name, JsonNode? value) in properties ?? [])
            arguments[name] = value?.DeepClone();
        Execute("device_add", arguments);
    }

    /// <summary>Unplugs a device and waits until it is gone.</summary>
    public void RemoveDevice(string id)
    {
        Execute("device_del", new JsonObject { ["id"] = id });
        WaitForEvent("DEVICE_DELETED", data => (string?)data["device"] == id, s_patience);
    }

    /// <summary>Plugs a USB stick in. The machine needs <see cref="ProvingGroundOptions.Usb"/>.</summary>
    /// <param name="image">A raw image, a multiple of 512 bytes long; what is written to the stick is written to it.</param>
    public void AddUsbStick(string id, string image)
    {
        Execute("blockdev-add", new JsonObject { ["driver"] = "raw", ["node-name"] = ImageOf(id), ["file"] = new JsonObject { ["driver"] = "file", ["filename"] = image } });
        AddDevice("usb-storage", id, new JsonObject { ["drive"] = ImageOf(id), ["removable"] = true });
    }

    /// <summary>Pulls a USB stick out as people do: without asking the system that uses it.</summary>
    public void RemoveUsbStick(string id)
    {
        RemoveDevice(id);
        Execute("blockdev-del", new JsonObject { ["node-name"] = ImageOf(id) });
    }

    /// <summary>Halts all processors and the clock.</summary>
    public void Stop() => Execute("stop");

    /// <summary>Goes on after <see cref="Stop"/>.</summary>
    public void Continue() => Execute("cont");

    /// <summary>Ends QEMU at once.</summary>
    public void Quit() => Execute("quit");

    public void Dispose() => _socket.Dispose();

    /// <summary>The start of every session: until this command QEMU takes no other.</summary>
    internal void Negotiate(TimeSpan patience)
    {
        _monitor.WaitUntil(() => _isGreeted, patience, "QEMU's greeting");
        Execute("qmp_capabilities");
    }

    private static string ImageOf(string id) => id + "-image";

    private void Receive(string line)
    {
        JsonObject message = JsonNode.Parse(line)!.AsObject();
        if (message["event"] is { } name)
            _monitor.Update(() => _events.Add(new QmpEvent((string)name!, message["data"] as JsonObject ?? [])));
        else if (message["id"] is { } id)
            _monitor.Update(() => _answers[(int)id] = message);
        else if (message["QMP"] is not null)
            _monitor.Update(() => _isGreeted = true);
    }
}
