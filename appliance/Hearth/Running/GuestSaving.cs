using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Snapshots.States;

namespace Hearth.Running;

/// <summary>One save of a running guest. Whatever fails, the guest goes on where it was, and there is no state.</summary>
internal sealed class GuestSaving(GuestHost host, int guest, GuestUpkeep upkeep, RunningGuest running)
{
    // A save is over when the host's disk has taken it. A guest's process that sends nothing at all is found by its heartbeat.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(30);

    /// <param name="present">How the guest is.</param>
    /// <param name="keep">Brings what it becomes to stable storage.</param>
    /// <returns>The state, which is on stable storage.</returns>
    /// <exception cref="GuestRunException">It could not be saved.</exception>
    public async Task<SavedStateRecord> RunAsync(GuestPresent present, SaveRequest request, bool isCheckpoint, Action<GuestPresent> keep, IProgress<double>? progress)
    {
        try
        {
            return await SaveAsync(present, request, isCheckpoint, keep, progress).ConfigureAwait(false);
        }
        catch (Exception error) when (HostFailure.IsOne(error) || error is FormatException)
        {
            await ForgetAsync(present, request).ConfigureAwait(false);
            throw new GuestRunException($"the guest could not be saved and goes on: {error.Message.TrimEnd('.')}", GuestRunFailure.Host, error);
        }
    }

    private async Task<SavedStateRecord> SaveAsync(GuestPresent present, SaveRequest request, bool isCheckpoint, Action<GuestPresent> keep, IProgress<double>? progress)
    {
        // From the moment of the cut on the guest writes to the new layers: whoever starts it next must know of them before.
        LayerTree tree = upkeep.TreeOf(present);
        GuestPresent above = present with { Disks = upkeep.Disks.Push(present, tree), Layers = tree.Records };
        keep(above);

        // Where the state it counts from is gone, it sends everything.
        long from = host.States.Has(present.Base, guest) ? present.Base : 0;
        using SavedStateWriter writer = host.States.Begin(guest, present.Pages, from);
        byte[]? picture = running.TakePicture();
        (StateReceiver received, SaveReport report) = await TransferAsync(above, request, from, writer, progress).ConfigureAwait(false);
        var details = new StateDetails(present.Disks, tree.Records, isCheckpoint, request.Label, present.Pages * SavedState.PageLength, report.Microseconds, present.Machine);
        SavedStateRecord record = host.States.Commit(writer, guest, received.Machine, picture, details, request.IsPinned, host.Clock.GetUtcNow());
        keep(above with { Base = record.Id, Saved = request.Stops ? record.Id : 0 });
        await SettleAsync(record.Id).ConfigureAwait(false);
        return record;
    }

    private async Task SettleAsync(long state)
    {
        try
        {
            await running.OrderAsync(new GuestOrder(0, GuestOrderKind.Settle) { State = state }).ConfigureAwait(false);
        }
        catch (GuestRunException error)
        {
            // The state is there, whatever the process knows of it. It counts from the one before, and sends everything the next time.
            host.LogOf(guest, $"it does not know that it was saved: {error.Message}");
        }
    }

    /// <summary>Has the guest sent. However it ends, nobody uses the writer any more when it does.</summary>
    private async Task<(StateReceiver Received, SaveReport Report)> TransferAsync(
        GuestPresent above, SaveRequest request, long from, SavedStateWriter writer, IProgress<double>? progress)
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        using (near)
        {
            var receiver = new StateReceiver(near, writer);
            Task receiving = Task.Factory.StartNew(
                () => receiver.Run(count => progress?.Report(Math.Min(1, (double)count / writer.Pages))), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            Task<SaveReport> asked = OrderAsync(above, request, from, far);
            try
            {
                // Whoever fails first ends the other: a guest's process would wait for a reader that is gone, a reader for one that has nothing more to say.
                if (await Task.WhenAny(receiving, asked).ConfigureAwait(false) == receiving)
                    await receiving.ConfigureAwait(false);
                SaveReport report = await asked.ConfigureAwait(false);
                await receiving.ConfigureAwait(false);
                return (receiver, report);
            }
            finally
            {
                near.ShutDown();
                await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<SaveReport> OrderAsync(GuestPresent above, SaveRequest request, long from, FileDescriptor stream)
    {
        var layers = new List<LayerOrder>();
        Task<ControlAnswer> asked;
        using (var files = new OwnedDescriptors())
        {
            files.Add(stream);
            for (int i = 0; i < above.Attached.Count; i++)
            {
                if (!above.Attached[i].IsWritten)
                    continue;
                string path = upkeep.Disks.FileOf(above.Disks.First(disk => disk.Slot == above.Attached[i].Slot));
                files.Add(FileDescriptor.Open(path, FileAccessMode.ReadWrite));
                layers.Add(new LayerOrder(i, path));
            }

            var order = new GuestOrder(0, GuestOrderKind.Save) { Save = new SaveOrder(from, request.IsLast, layers) };
            asked = running.Link.AskAsync(order, s_limit, CancellationToken.None, [.. files.Files]);
        }

        using ControlAnswer answer = await asked.ConfigureAwait(false);
        return answer.Report.Save ?? throw new FormatException("the guest's process says what makes no sense");
    }

    private async Task ForgetAsync(GuestPresent present, SaveRequest request)
    {
        try
        {
            await running.OrderAsync(GuestOrderKind.Forget).ConfigureAwait(false);
            if (request.IsLast && !present.IsPaused)
                await running.OrderAsync(GuestOrderKind.Resume).ConfigureAwait(false);
        }
        catch (GuestRunException)
        {
            // It is gone, and whoever watches it does what is to be done.
        }
    }
}
