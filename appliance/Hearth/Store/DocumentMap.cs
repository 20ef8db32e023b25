using Hearth.House;
using LiteDB;

namespace Hearth.Store;

/// <summary>How records of one kind become documents and come back, field by field: the file depends on no name in the code.</summary>
/// <param name="Collection">Where they lie; plural.</param>
/// <param name="Missing">What it is when there is none.</param>
/// <param name="WithId">The record with an identifier.</param>
internal sealed record DocumentMap<T>(
    string Collection, HouseFailure Missing, Func<T, int, T> WithId, Func<T, BsonDocument> Write, Func<BsonDocument, T> Read);
