using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Protocol;

/// <summary>The messages between the supervisor and a guest's process, as JSON; generated at compile time, so that it works without reflection.</summary>
public static class ControlJson
{
    /// <summary>Bytes of UTF-8 that a message has at most.</summary>
    public const int MaximumLength = 64 << 10;

    public static byte[] Write(GuestOrder order) => JsonSerializer.SerializeToUtf8Bytes(order, ControlContext.Default.GuestOrder);

    public static byte[] Write(GuestReport report) => JsonSerializer.SerializeToUtf8Bytes(report, ControlContext.Default.GuestReport);

    /// <exception cref="FormatException">It is none.</exception>
    public static GuestOrder ReadOrder(ReadOnlySpan<byte> json) => Read(json, ControlContext.Default.GuestOrder);

    /// <exception cref="FormatException">It is none.</exception>
    public static GuestReport ReadReport(ReadOnlySpan<byte> json) => Read(json, ControlContext.Default.GuestReport);

    private static T Read<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new FormatException("the message is empty");
        }
        catch (JsonException error)
        {
            throw new FormatException($"the message is malformed: {error.Message}", error);
        }
    }
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
