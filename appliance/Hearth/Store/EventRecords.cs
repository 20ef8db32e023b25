using System.Runtime.CompilerServices;
using Hearth.House;
using LiteDB;

namespace Hearth.Store;

/// <summary>What happened in the house, of which the last <see cref="Kept"/> are kept.</summary>
internal sealed class EventRecords(StoreFile file, TimeProvider clock)
{
    public const int Kept = 10_000;

    private const string Collection = "events";
    private const int Batch = 200;

    // Done at the next event, and another one is there before it is.
    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Keeps an event of now. Returns when it is on stable storage.</summary>
    public HouseEvent Add(string kind, string sentence, int? guest = null, int? seat = null, int? person = null)
    {
        HouseEvent added = file.Change(database =>
        {
            var kept = new HouseEvent(Counter.Take(database, Collection), clock.GetUtcNow(), kind, sentence, guest, seat, person);
            ILiteCollection<BsonDocument> events = database.GetCollection(Collection);
            events.Insert(Write(kept));
            events.Delete(kept.Id - Kept);
            return kept;
        });
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        return added;
    }

    /// <summary>The last ones, the oldest of them first.</summary>
    public IReadOnlyList<HouseEvent> Last(int count) => file.Read<IReadOnlyList<HouseEvent>>(database =>
        [.. database.GetCollection(Collection).Query().OrderByDescending("_id").Limit(count).ToDocuments().Select(Read).Reverse()]);

    /// <summary>Those behind one, the oldest first.</summary>
    public IReadOnlyList<HouseEvent> After(long id, int count) => file.Read<IReadOnlyList<HouseEvent>>(database =>
        [.. database.GetCollection(Collection).Query().Where(Query.GT("_id", id)).OrderBy("_id").Limit(count).ToDocuments().Select(Read)]);

    /// <summary>Those behind one, and those that come, until it is cancelled.</summary>
    public async IAsyncEnumerable<HouseEvent> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (true)
        {
            // Before looking: an event that comes after the look is heard, one that comes before is seen.
            Task next = _next.Task;
            IReadOnlyList<HouseEvent> batch = After(after, Batch);
            foreach (HouseEvent each in batch)
            {
                after = each.Id;
                yield return each;
            }

            if (batch.Count < Batch)
                await next.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static BsonDocument Write(HouseEvent kept) => new()
    {
        ["_id"] = kept.Id,
        ["time"] = Bson.Of(kept.Time),
        ["kind"] = kept.Kind,
        ["sentence"] = kept.Sentence,
        ["guest"] = Bson.Of(kept.Guest),
        ["seat"] = Bson.Of(kept.Seat),
        ["person"] = Bson.Of(kept.Person),
    };

    private static HouseEvent Read(BsonDocument document) => new(
        document["_id"].AsInt64,
        Bson.Time(document["time"]),
        document["kind"].AsString,
        document["sentence"].AsString,
        Bson.NumberOrNull(document["guest"]),
        Bson.NumberOrNull(document["seat"]),
        Bson.NumberOrNull(document["person"]));
}
