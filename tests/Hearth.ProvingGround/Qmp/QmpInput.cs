using System.Text.Json.Nodes;

namespace Hearth.Proving.Qmp;

/// <summary>The events of QEMU's input-send-event. Those of one call reach the machine as one report.</summary>
internal static class QmpInput
{
    public static void Send(QmpClient qmp, params JsonObject[] events) =>
        qmp.Execute("input-send-event", new JsonObject { ["events"] = new JsonArray([.. events]) });

    public static JsonObject Key(string name, bool isDown) =>
        Event("key", new JsonObject { ["down"] = isDown, ["key"] = new JsonObject { ["type"] = "qcode", ["data"] = name } });

    public static JsonObject Button(string name, bool isDown) => Event("btn", new JsonObject { ["down"] = isDown, ["button"] = name });

    public static JsonObject Absolute(string axis, int value) => Event("abs", Axis(axis, value));

    public static JsonObject Relative(string axis, int value) => Event("rel", Axis(axis, value));

    private static JsonObject Axis(string axis, int value) => new() { ["axis"] = axis, ["value"] = value };

    private static JsonObject Event(string type, JsonObject data) => new() { ["type"] = type, ["data"] = data };
}
