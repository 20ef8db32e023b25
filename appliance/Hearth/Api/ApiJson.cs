using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Hearth.Api.Messages;

namespace Hearth.Api;

/// <summary>The JSON forms of what the API takes and gives; generated at compile time, so that they work without reflection.</summary>
internal static class ApiJson
{
    // It is read in terminals and goes into no web page: no \u0433 for every letter that is not ASCII.
    private static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>The daemon's: fields that are not known are refused.</summary>
    public static ApiContext Daemon { get; } = new(new JsonSerializerOptions(ApiContext.Default.Options) { Encoder = s_encoder });

    /// <summary>A client's: a daemon of a later version may have more to say.</summary>
    public static ApiContext Client { get; } = new(new JsonSerializerOptions(ApiContext.Default.Options)
    {
        Encoder = s_encoder,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    });

    private static readonly ApiContext s_printed = new(new JsonSerializerOptions(ApiContext.Default.Options) { Encoder = s_encoder, WriteIndented = true });

    /// <summary>One document, for programs that read what a command printed.</summary>
    public static string Print<T>(T value) => JsonSerializer.Serialize(value, (JsonTypeInfo<T>)s_printed.GetTypeInfo(typeof(T))!) + '\n';
}

/// <summary>Everything that has a JSON form.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GuestMessage))]
[JsonSerializable(typeof(GuestMessage[]))]
[JsonSerializable(typeof(StateMessage))]
[JsonSerializable(typeof(StateMessage[]))]
[JsonSerializable(typeof(SeatMessage))]
[JsonSerializable(typeof(SeatMessage[]))]
[JsonSerializable(typeof(PersonMessage))]
[JsonSerializable(typeof(PersonMessage[]))]
[JsonSerializable(typeof(EventMessage))]
[JsonSerializable(typeof(EventMessage[]))]
[JsonSerializable(typeof(StatusMessage))]
[JsonSerializable(typeof(HouseFacts))]
[JsonSerializable(typeof(GuestSettings))]
[JsonSerializable(typeof(SeatSettings))]
[JsonSerializable(typeof(PersonSettings))]
[JsonSerializable(typeof(PinSettings))]
[JsonSerializable(typeof(SwitchRequest))]
[JsonSerializable(typeof(StartRequest))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(SaveOrder))]
[JsonSerializable(typeof(RestoreRequest))]
[JsonSerializable(typeof(RewindRequest))]
[JsonSerializable(typeof(CloneRequest))]
[JsonSerializable(typeof(StateChange))]
[JsonSerializable(typeof(DownRequest))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(LongAnswer<GuestMessage>))]
[JsonSerializable(typeof(LongAnswer<StateMessage>))]
internal sealed partial class ApiContext : JsonSerializerContext;
