using System.Globalization;
using LiteDB;

namespace Hearth.Store;

/// <summary>Values that LiteDB has no form of its own for, or one that loses something: its dates are local and of milliseconds.</summary>
internal static class Bson
{
    private const string TimeFormat = "O";

    public static BsonValue Of(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    public static BsonValue Of(DateTimeOffset? time) => time is { } known ? Of(known) : BsonValue.Null;

    public static BsonValue Of(string? text) => text is null ? BsonValue.Null : new BsonValue(text);

    public static BsonValue Of(int? number) => number is { } known ? new BsonValue(known) : BsonValue.Null;

    public static BsonArray Of(IEnumerable<string> texts) => new(texts.Select(text => new BsonValue(text)));

    public static DateTimeOffset Time(BsonValue value) => DateTimeOffset.ParseExact(value.AsString, TimeFormat, CultureInfo.InvariantCulture);

    public static DateTimeOffset? TimeOrNull(BsonValue value) => value.IsNull ? null : Time(value);

    public static string? TextOrNull(BsonValue value) => value.IsNull ? null : value.AsString;

    public static int? NumberOrNull(BsonValue value) => value.IsNull ? null : value.AsInt32;

    public static IReadOnlyList<string> Texts(BsonValue value) => [.. value.AsArray.Select(text => text.AsString)];
}
