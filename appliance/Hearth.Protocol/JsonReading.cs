using System.Text.Json;

namespace Hearth.Protocol;

/// <summary>Reads one value at the reader, which stands before it.</summary>
/// <exception cref="JsonException">It is another kind of value.</exception>
internal delegate T JsonRead<out T>(ref Utf8JsonReader json);

/// <summary>Takes the value of one property into what was read of an object before.</summary>
/// <exception cref="JsonException">There is no such property, or it is another kind of value.</exception>
internal delegate T JsonTake<T>(T read, string name, ref Utf8JsonReader json);

/// <summary>
/// Reading values one by one, for what a guest's process reads before the guest runs: the serializer's generic code would be loaded and compiled anew in each of these processes,
/// which took a third of their start.
/// </summary>
/// <remarks>Every method stands before a value and leaves the reader at its end; <see cref="JsonException"/> where it is another kind of value, or nothing is left.</remarks>
internal static class JsonReading
{
    /// <summary>Reads an object, property by property.</summary>
    /// <param name="blank">What is as it is by default.</param>
    public static T ReadObject<T>(this ref Utf8JsonReader json, T blank, JsonTake<T> take)
    {
        json.Require(JsonTokenType.StartObject);
        T read = blank;
        for (json.Advance(); json.TokenType == JsonTokenType.PropertyName; json.Advance())
            read = take(read, json.GetString()!, ref json);
        return read;
    }

    public static string ReadString(this ref Utf8JsonReader json)
    {
        json.Require(JsonTokenType.String);
        return json.GetString()!;
    }

    public static bool ReadBoolean(this ref Utf8JsonReader json)
    {
        json.Advance();
        return json.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            _ => throw Unexpected(json.TokenType),
        };
    }

    public static int ReadInt32(this ref Utf8JsonReader json)
    {
        json.Require(JsonTokenType.Number);
        return json.TryGetInt32(out int value) ? value : throw OutOfRange();
    }

    public static long ReadInt64(this ref Utf8JsonReader json)
    {
        json.Require(JsonTokenType.Number);
        return json.TryGetInt64(out long value) ? value : throw OutOfRange();
    }

    public static ulong ReadUInt64(this ref Utf8JsonReader json)
    {
        json.Require(JsonTokenType.Number);
        return json.TryGetUInt64(out ulong value) ? value : throw OutOfRange();
    }

    public static uint ReadUInt32(this ref Utf8JsonReader json)
    {
        json.Require(JsonTokenType.Number);
        return json.TryGetUInt32(out uint value) ? value : throw OutOfRange();
    }

    public static ushort ReadUInt16(this ref Utf8JsonReader json)
    {
        json.Require(JsonTokenType.Number);
        return json.TryGetUInt16(out ushort value) ? value : throw OutOfRange();
    }

    /// <summary>Where the next value may be null: takes it if it is.</summary>
    public static bool TryReadNull(this ref Utf8JsonReader json)
    {
        Utf8JsonReader ahead = json;
        ahead.Advance();
        if (ahead.TokenType != JsonTokenType.Null)
            return false;
        json = ahead;
        return true;
    }

    /// <summary>Null, or a value.</summary>
    public static T? ReadOptional<T>(this ref Utf8JsonReader json, JsonRead<T> read)
        where T : class => json.TryReadNull() ? null : read(ref json);

    /// <inheritdoc cref="ReadOptional"/>
    public static int? ReadOptionalInt32(this ref Utf8JsonReader json) => json.TryReadNull() ? null : json.ReadInt32();

    public static T[] ReadArray<T>(this ref Utf8JsonReader json, JsonRead<T> read)
    {
        json.Require(JsonTokenType.StartArray);
        List<T> values = [];
        while (!json.TryReadEnd())
            values.Add(read(ref json));
        return [.. values];
    }

    /// <summary>What reading throws: the reader itself says so by another exception where a string is no UTF-8.</summary>
    public static bool IsMalformed(Exception error) => error is JsonException or InvalidOperationException;

    public static JsonException Unknown(string name) => new($"there is no property {name}");

    private static bool TryReadEnd(this ref Utf8JsonReader json)
    {
        Utf8JsonReader ahead = json;
        ahead.Advance();
        if (ahead.TokenType != JsonTokenType.EndArray)
            return false;
        json = ahead;
        return true;
    }

    private static void Require(this ref Utf8JsonReader json, JsonTokenType type)
    {
        json.Advance();
        if (json.TokenType != type)
            throw Unexpected(json.TokenType);
    }

    private static void Advance(this ref Utf8JsonReader json)
    {
        if (!json.Read())
            throw new JsonException("it ends too early");
    }

    private static JsonException Unexpected(JsonTokenType type) => new($"{type} is not expected there");

    private static JsonException OutOfRange() => new("a number is out of range");
}
