using System.Buffers;
using System.Text.Json;

namespace Hearth.Protocol;

/// <summary>Writes what <see cref="ControlJson.ReadReport"/> reads, for a guest's process; see <see cref="JsonReading"/> for why not by the serializer. What is as it is by default is left out.</summary>
internal static class GuestReportWriter
{
    public static byte[] Write(GuestReport report)
    {
        var content = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(content);
        json.WriteStartObject();
        json.WriteNumber("answers", report.Answers);
        json.WriteString("kind", report.Kind.ToString());
        if (report.Sentence is { } sentence)
            json.WriteString("sentence", sentence);
        if (report.Cause != GuestCause.None)
            json.WriteString("cause", report.Cause.ToString());
        if (report.Greeting is { } greeting)
            Write(json, greeting);
        if (report.Save is { } save)
            Write(json, save);
        json.WriteEndObject();
        json.Flush();
        return content.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, GuestGreeting greeting)
    {
        json.WriteStartObject("greeting");
        json.WriteString("engine", greeting.Engine);
        json.WriteBoolean("isPaused", greeting.IsPaused);
        json.WriteNumber("pages", greeting.Pages);
        json.WriteNumber("base", greeting.Base);
        if (greeting.Fill is { } fill)
        {
            json.WriteStartObject("fill");
            json.WriteNumber("address", fill.Address);
            json.WriteBoolean("isWaiting", fill.IsWaiting);
            json.WriteEndObject();
        }

        json.WriteBoolean("hasScreen", greeting.HasScreen);
        json.WriteNumber("hostTscFrequency", greeting.HostTscFrequency);
        json.WriteBoolean("hasExitPipe", greeting.HasExitPipe);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SaveReport save)
    {
        json.WriteStartObject("save");
        json.WriteBoolean("isWhole", save.IsWhole);
        json.WriteNumber("microseconds", save.Microseconds);
        json.WriteNumber("pages", save.Pages);
        json.WriteNumber("kept", save.Kept);
        json.WriteEndObject();
    }
}
