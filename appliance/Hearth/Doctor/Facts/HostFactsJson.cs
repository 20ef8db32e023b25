using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hearth.Protocol;

namespace Hearth.Doctor.Facts;

/// <summary>The JSON form of <see cref="HostFacts"/>; generated at compile time, so that it works without reflection.</summary>
internal static class HostFactsJson
{
    // People read it in a terminal: no \u0022 for every letter with an accent. It goes into no web page.
    private static readonly HostFactsContext s_context = new(new JsonSerializerOptions(HostFactsContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static string Write(HostFacts facts) => JsonSerializer.Serialize(facts, s_context.HostFacts);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(CamelCaseEnum<KvmObstacle>), typeof(CamelCaseEnum<InputKind>)],
    WriteIndented = true)]
[JsonSerializable(typeof(HostFacts))]
internal sealed partial class HostFactsContext : JsonSerializerContext;

/// <summary>Values of an enumeration by their names, written as the properties are.</summary>
internal sealed class CamelCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;
