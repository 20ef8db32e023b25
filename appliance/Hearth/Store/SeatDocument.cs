using Hearth.House;
using LiteDB;

namespace Hearth.Store;

/// <summary>A seat in the store.</summary>
internal static class SeatDocument
{
    public static DocumentMap<Seat> Map { get; } = new("seats", HouseFailure.SeatNotFound, (seat, id) => seat with { Id = id }, Write, Read);

    private static BsonDocument Write(Seat seat) => new()
    {
        ["_id"] = seat.Id,
        ["name"] = seat.Name,
        ["outputs"] = Bson.Of(seat.Outputs),
        ["inputs"] = Bson.Of(seat.Inputs),
        ["sound"] = Bson.Of(seat.Sound),
        ["guest"] = Bson.Of(seat.Guest),
        ["modes"] = new BsonArray(seat.Modes.Select(mode => new BsonDocument { ["name"] = mode.Key, ["guest"] = mode.Value })),
    };

    private static Seat Read(BsonDocument document) => new(document["_id"].AsInt32, document["name"].AsString)
    {
        Outputs = Bson.Texts(document["outputs"]),
        Inputs = Bson.Texts(document["inputs"]),
        Sound = Bson.TextOrNull(document["sound"]),
        Guest = Bson.NumberOrNull(document["guest"]),
        Modes = document["modes"].AsArray.ToDictionary(mode => mode["name"].AsString, mode => mode["guest"].AsInt32, HouseName.Comparer),
    };
}
