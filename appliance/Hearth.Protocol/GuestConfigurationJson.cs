using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Protocol;

/// <summary>The JSON form of a <see cref="GuestConfiguration"/>. Its writer is generated at compile time, its reader is <see cref="GuestConfigurationReader"/>.</summary>
public static class GuestConfigurationJson
{
    /// <summary>Bytes of UTF-8 at most; more is refused before it is parsed.</summary>
    public const int MaximumLength = 1 << 20;

    public static byte[] Write(GuestConfiguration configuration) =>
        JsonSerializer.SerializeToUtf8Bytes(configuration, GuestConfigurationWriter.Default.GuestConfiguration);

    /// <exception cref="FormatException">It is no configuration, or one of another version.</exception>
    public static GuestConfiguration Read(ReadOnlySpan<byte> json)
    {
        GuestConfiguration configuration;
        try
        {
            var reader = new Utf8JsonReader(json);
            configuration = GuestConfigurationReader.Read(ref reader);
            if (reader.Read())
                throw new JsonException("something follows it");
        }
        catch (Exception error) when (JsonReading.IsMalformed(error))
        {
            throw new FormatException($"the guest configuration is malformed: {error.Message}", error);
        }

        if (configuration.Version != GuestConfiguration.CurrentVersion)
        {
            throw new FormatException(
                $"the guest configuration has version {configuration.Version}; this hearth-vm reads version {GuestConfiguration.CurrentVersion}");
        }

        return configuration;
    }
}

/// <summary>Plain code that writes each property: nothing about the types is looked up when <c>hearth</c> starts a guest.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(GuestConfiguration))]
internal sealed partial class GuestConfigurationWriter : JsonSerializerContext;
