namespace Hearth.House;

/// <summary>Switches of one seat, one after the other: who has waited and is not the last that came has no turn.</summary>
internal sealed class SeatTurn : IDisposable
{
    private readonly SemaphoreSlim _free = new(1, 1);
    private long _last;

    /// <summary>Waits until no other switch is on its way.</summary>
    /// <returns>False when another one came after this one. The turn has to be given back in any case.</returns>
    public async Task<bool> TakeAsync(CancellationToken cancellation)
    {
        long mine = Interlocked.Increment(ref _last);
        await _free.WaitAsync(cancellation).ConfigureAwait(false);
        return mine == Interlocked.Read(ref _last);
    }

    public void GiveBack() => _free.Release();

    public void Dispose() => _free.Dispose();
}
