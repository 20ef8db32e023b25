namespace Hearth.Linux.Tests;

public sealed class PollerTests : IDisposable
{
    private readonly Poller _poller = new();
    private readonly EventDescriptor _first = new();
    private readonly EventDescriptor _second = new();
    private readonly PollResult[] _results = new PollResult[4];

    public void Dispose()
    {
        _poller.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    [Fact]
    public void Wait_nothingReady_givesNothingAfterTheTime() => Assert.Equal(0, _poller.Wait(_results, 1));

    [Fact]
    public void Wait_oneReady_givesItsTagAgainAndAgain()
    {
        _poller.Add(_first.Number, PollEvents.Readable, 11);
        _poller.Add(_second.Number, PollEvents.Readable, ulong.MaxValue);
        _second.Signal();

        Assert.Equal(1, _poller.Wait(_results, -1));
        Assert.Equal(new PollResult(PollEvents.Readable, ulong.MaxValue), _results[0]);
        Assert.Equal(1, _poller.Wait(_results, 0));
    }

    [Fact]
    public void Wait_severalReady_givesThemAll()
    {
        _poller.Add(_first.Number, PollEvents.Readable, 1);
        _poller.Add(_second.Number, PollEvents.Readable, 2);
        _first.Signal();
        _second.Signal();

        Assert.Equal(2, _poller.Wait(_results, -1));
        Assert.Equal([1UL, 2UL], _results[..2].Select(result => result.Tag).Order());
    }

    [Fact]
    public void Once_isToldOnceUntilItIsAskedForAgain()
    {
        _poller.Add(_first.Number, PollEvents.Readable | PollEvents.Once, 1);
        _first.Signal();

        int first = _poller.Wait(_results, 0);
        int second = _poller.Wait(_results, 0);
        _poller.Change(_first.Number, PollEvents.Readable | PollEvents.Once, 3);

        Assert.Equal((1, 0, 1), (first, second, _poller.Wait(_results, 0)));
        Assert.Equal(3UL, _results[0].Tag);
    }

    [Fact]
    public void Removed_isNotToldAnyMore()
    {
        _poller.Add(_first.Number, PollEvents.Readable, 1);
        _first.Signal();

        _poller.Remove(_first.Number);

        Assert.Equal(0, _poller.Wait(_results, 0));
        Assert.Throws<LinuxException>(() => _poller.Remove(_first.Number));
    }
}
