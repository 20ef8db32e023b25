using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Protocol;

/// <summary>The messages between the supervisor and a guest's process, as JSON. The supervisor's side is generated at compile time, that of a guest's process is <see cref="GuestOrderReader"/> and <see cref="GuestReportWriter"/>.</summary>
public static class ControlJson
{
    /// <summary>Bytes of UTF-8 that a message has at most.</summary>
    public const int MaximumLength = 64 << 10;

    public static byte[] Write(GuestOrder order) => JsonSerializer.SerializeToUtf8Bytes(order, ControlContext.Default.GuestOrder);

    public static byte[] Write(GuestReport report) => GuestReportWriter.Write(report);

    /// <exception cref="FormatException">It is none.</exception>
    public static GuestOrder ReadOrder(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            GuestOrder order = GuestOrderReader.Read(ref reader);
            return reader.Read() ? throw new JsonException("something follows it") : order;
        }
        catch (Exception error) when (JsonReading.IsMalformed(error))
        {
            throw Malformed(error);
        }
    }

    /// <exception cref="FormatException">It is none.</exception>
    public static GuestReport ReadReport(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ControlContext.Default.GuestReport) ?? throw new FormatException("the message is empty");
        }
        catch (JsonException error)
        {
            throw Malformed(error);
        }
    }

    private static FormatException Malformed(Exception error) => new($"the message is malformed: {error.Message}", error);
}

[JsonSourceGenerationOptions(
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GuestOrder))]
[JsonSerializable(typeof(GuestReport))]
internal sealed partial class ControlContext : JsonSerializerContext;
