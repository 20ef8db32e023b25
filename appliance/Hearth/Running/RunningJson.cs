using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Running;

/// <summary>What <see cref="Running"/> keeps, as JSON.</summary>
internal static class RunningJson
{
    public static string Write(GuestPresent present) => JsonSerializer.Serialize(present, RunningContext.Default.GuestPresent);

    public static string Write(StateDetails details) => JsonSerializer.Serialize(details, RunningContext.Default.StateDetails);

    /// <summary>What is malformed is as good as nothing: it was written by this program.</summary>
    public static GuestPresent? ReadPresent(string? json) => Read(json, RunningContext.Default.GuestPresent);

    /// <inheritdoc cref="ReadPresent"/>
    public static StateDetails? ReadDetails(string? json) => Read(json, RunningContext.Default.StateDetails);

    private static T? Read<T>(string? json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GuestPresent))]
[JsonSerializable(typeof(StateDetails))]
internal sealed partial class RunningContext : JsonSerializerContext;
