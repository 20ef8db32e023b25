using Hearth.Protocol;

namespace Hearth.Running;

/// <summary>Asks a guest's process whether it is there, for as long as it runs, and says when it is time for a checkpoint: time in which the guest stood still does not count.</summary>
internal sealed class Heartbeat
{
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);

    private readonly RunningGuest _running;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly CancellationTokenSource _ending;

    /// <param name="interval">From one checkpoint to the next; zero for none.</param>
    /// <param name="isRunning">The guest does not stand still.</param>
    /// <param name="checkpoint">Takes one; never fails.</param>
    /// <param name="cancellation">The supervisor goes.</param>
    public Heartbeat(RunningGuest running, TimeProvider clock, TimeSpan interval, Func<bool> isRunning, Func<Task> checkpoint, CancellationToken cancellation)
    {
        (_running, _clock, _interval) = (running, clock, interval);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Completion = BeatAsync(isRunning, checkpoint);
    }

    /// <summary>Done when the process has ended, or the supervisor goes. Never fails.</summary>
    public Task Completion { get; }

    /// <summary>The process is not this one's to ask any more.</summary>
    public void Stop() => _ending.Cancel();

    private async Task BeatAsync(Func<bool> isRunning, Func<Task> checkpoint)
    {
        TimeSpan ran = TimeSpan.Zero;
        Task saving = Task.CompletedTask;
        try
        {
            while (true)
            {
                await Task.Delay(s_pace, _clock, _ending.Token).ConfigureAwait(false);
                using (await _running.Link.AskAsync(new GuestOrder(0, GuestOrderKind.Ping), s_silence, _ending.Token).ConfigureAwait(false))
                    ran += isRunning() ? s_pace : TimeSpan.Zero;
                if (_interval == TimeSpan.Zero || ran < _interval || !saving.IsCompleted)
                    continue;
                ran = TimeSpan.Zero;

                // Beside it: a process that hangs while it is saved is found, too.
                saving = checkpoint();
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody asks any more.
        }
        catch (GuestRunException error)
        {
            // One that has said its last word, or cannot be reached, is about to end.
            bool isSilent = error.InnerException is TimeoutException && _running.LastWord is null;
            if (await Task.Run(() => _running.WaitEnded(isSilent ? TimeSpan.Zero : s_silence)).ConfigureAwait(false))
                return;
            _running.EndBecause("its process did not answer and was ended");
        }
        finally
        {
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
