using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Protocol;

/// <summary>The JSON form of an <see cref="EngineReport"/>; generated at compile time, so that it works without reflection.</summary>
public static class EngineReportJson
{
    public static byte[] Write(EngineReport report) => JsonSerializer.SerializeToUtf8Bytes(report, EngineReportContext.Default.EngineReport);

    /// <exception cref="FormatException">It is no report, or one of another version.</exception>
    public static EngineReport Read(ReadOnlySpan<byte> json)
    {
        EngineReport? report;
        try
        {
            report = JsonSerializer.Deserialize(json, EngineReportContext.Default.EngineReport);
        }
        catch (JsonException error)
        {
            throw new FormatException("the report on the CPU engines is malformed", error);
        }

        return report?.Version == EngineReport.CurrentVersion ? report : throw new FormatException("the report on the CPU engines is of another version of Hearth");
    }
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EngineReport))]
internal sealed partial class EngineReportContext : JsonSerializerContext;
