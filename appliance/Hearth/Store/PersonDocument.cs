using Hearth.House;
using LiteDB;

namespace Hearth.Store;

/// <summary>A person in the store.</summary>
internal static class PersonDocument
{
    public static DocumentMap<Person> Map { get; } = new("persons", HouseFailure.PersonNotFound, (person, id) => person with { Id = id }, Write, Read);

    private static BsonDocument Write(Person person) => new()
    {
        ["_id"] = person.Id,
        ["name"] = person.Name,
        ["pin"] = Bson.Of(person.Pin),
        ["wrongTries"] = person.WrongTries,
        ["patience"] = Bson.Of(person.Patience),
    };

    private static Person Read(BsonDocument document) => new(
        document["_id"].AsInt32,
        document["name"].AsString,
        Bson.TextOrNull(document["pin"]),
        document["wrongTries"].AsInt32,
        Bson.TimeOrNull(document["patience"]));
}
