using Hearth.House;
using Hearth.Store;

namespace Hearth.Tests.Store;

public sealed class EventRecordsTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Events_comeBackInOrder()
    {
        using HouseStore store = _folder.Open();
        store.Events.Add("guest.running", "play is running", guest: 1);
        HouseEvent second = store.Events.Add("seat.switched", "sofa shows play", 1, 2, 3);

        Assert.Equal(new HouseEvent(2, _folder.Clock.GetUtcNow(), "seat.switched", "sofa shows play", 1, 2, 3), second);
        Assert.Equal([1, 2], store.Events.Last(10).Select(each => each.Id));
        Assert.Equal([second], store.Events.Last(1));
        Assert.Equal([second], store.Events.After(1, 10));
        Assert.Equal([1], store.Events.After(0, 1).Select(each => each.Id));
    }

    [Fact]
    public void Events_tooMany_theOldestGo()
    {
        using HouseStore store = _folder.Open();
        store.Together(() =>
        {
            for (int number = 0; number < EventRecords.Kept + 20; number++)
                store.Events.Add("test", "again");
        });

        Assert.Equal(21, store.Events.After(0, 1)[0].Id);
        Assert.Equal(EventRecords.Kept, store.Events.Last(int.MaxValue).Count);
    }

    [Fact]
    public async Task Follow_givesWhatIsThereAndWhatComes()
    {
        using HouseStore store = _folder.Open();
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        store.Events.Add("test", "before");
        await using IAsyncEnumerator<HouseEvent> events = store.Events.FollowAsync(0, end.Token).GetAsyncEnumerator(end.Token);

        Assert.True(await events.MoveNextAsync());
        Assert.Equal("before", events.Current.Sentence);
        ValueTask<bool> next = events.MoveNextAsync();
        Assert.False(next.IsCompleted);
        store.Events.Add("test", "then");
        Assert.True(await next);
        Assert.Equal("then", events.Current.Sentence);
    }
}
