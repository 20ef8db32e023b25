using System.Text.Json;

namespace Hearth.Protocol;

/// <summary>Reads what <see cref="ControlJson.Write(GuestOrder)"/> writes, for a guest's process; see <see cref="JsonReading"/> for why not by the serializer.</summary>
internal static class GuestOrderReader
{
    /// <exception cref="JsonException">It is malformed, or has what no order has.</exception>
    public static GuestOrder Read(ref Utf8JsonReader json) => json.ReadObject(new GuestOrder(0, default), static (read, name, ref json) => name switch
    {
        "number" => read with { Number = json.ReadInt32() },
        "kind" => read with { Kind = KindOf(json.ReadString()) },
        "save" => read with { Save = json.ReadOptional(ReadSave) },
        "state" => read with { State = json.ReadInt64() },
        _ => throw JsonReading.Unknown(name),
    });

    private static SaveOrder ReadSave(ref Utf8JsonReader json) => json.ReadObject(new SaveOrder(0, false, []), static (read, name, ref json) => name switch
    {
        "base" => read with { Base = json.ReadInt64() },
        "staysPaused" => read with { StaysPaused = json.ReadBoolean() },
        "layers" => read with { Layers = json.ReadArray(ReadLayer) },
        _ => throw JsonReading.Unknown(name),
    });

    private static LayerOrder ReadLayer(ref Utf8JsonReader json) => json.ReadObject(new LayerOrder(0, ""), static (read, name, ref json) => name switch
    {
        "disk" => read with { Disk = json.ReadInt32() },
        "name" => read with { Name = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static GuestOrderKind KindOf(string name) => name switch
    {
        nameof(GuestOrderKind.Greet) => GuestOrderKind.Greet,
        nameof(GuestOrderKind.Ping) => GuestOrderKind.Ping,
        nameof(GuestOrderKind.Pause) => GuestOrderKind.Pause,
        nameof(GuestOrderKind.Resume) => GuestOrderKind.Resume,
        nameof(GuestOrderKind.PressPowerButton) => GuestOrderKind.PressPowerButton,
        nameof(GuestOrderKind.Reset) => GuestOrderKind.Reset,
        nameof(GuestOrderKind.End) => GuestOrderKind.End,
        nameof(GuestOrderKind.Save) => GuestOrderKind.Save,
        nameof(GuestOrderKind.Settle) => GuestOrderKind.Settle,
        nameof(GuestOrderKind.Forget) => GuestOrderKind.Forget,
        nameof(GuestOrderKind.Filled) => GuestOrderKind.Filled,
        _ => throw new JsonException($"there is no order {name}"),
    };
}
