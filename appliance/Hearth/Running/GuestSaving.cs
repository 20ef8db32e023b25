using Hearth.House;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Snapshots;
using Hearth.Snapshots.States;
using Hearth.Storage;

namespace Hearth.Running;

/// <summary>One save of a running guest. Whatever fails, the guest goes on where it was, and there is no state.</summary>
internal sealed class GuestSaving(GuestHost host, int guest, GuestDefinition definition, RunningGuest running)
{
    // A save is over when the host's disk has taken it. A guest's process that sends nothing at all is found by its heartbeat.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(30);

    /// <param name="present">How the guest is; what it becomes is kept on the way.</param>
    /// <param name="changed">Told what it has become, before the guest is.</param>
    /// <returns>The state, which is on stable storage.</returns>
    /// <exception cref="GuestRunException">It could not be saved.</exception>
    public async Task<SavedStateRecord> RunAsync(
        GuestPresent present, SaveRequest request, bool isCheckpoint, Action<GuestPresent> changed, IProgress<double>? progress, CancellationToken cancellation)
    {
        try
        {
            return await SaveAsync(present, request, isCheckpoint, changed, progress, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SnapshotException or StorageException or LinuxException or FormatException or IOException)
        {
            await ForgetAsync(request).ConfigureAwait(false);
            throw new GuestRunException($"the guest could not be saved and goes on: {error.Message.TrimEnd('.')}", GuestRunFailure.Host, error);
        }
        catch (Exception)
        {
            await ForgetAsync(request).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<SavedStateRecord> SaveAsync(
        GuestPresent present, SaveRequest request, bool isCheckpoint, Action<GuestPresent> changed, IProgress<double>? progress, CancellationToken cancellation)
    {
        // From the moment of the cut on the guest writes to the new layers: whoever starts it next must know of them before.
        IReadOnlyList<int> below = present.Layers;
        IReadOnlyList<int> above = host.Layers.Push(guest, definition, below);
        changed(present with { Layers = above });

        // Where the state it counts from is gone, it sends everything.
        long from = host.States.Has(present.Base) ? present.Base : 0;
        long pages = running.Greeting.Pages;
        using SavedStateWriter writer = host.States.Begin(guest, pages, from);
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        using (near)
        {
            var receiver = new StateReceiver(near, writer);
            Task receiving = Task.Factory.StartNew(
                () => receiver.Run(count => progress?.Report(Math.Min(1, (double)count / pages))), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            byte[]? picture = running.TakePicture();
            SaveReport report = await OrderAsync(request, from, above, far, cancellation).ConfigureAwait(false);
            await receiving.ConfigureAwait(false);
            var details = new StateDetails(below, isCheckpoint, request.Label, pages * Environment.SystemPageSize, report.Microseconds);
            SavedStateRecord record = host.States.Commit(writer, guest, receiver.Machine, picture, details, request.IsPinned, host.Clock.GetUtcNow());
            changed(present with { Layers = above, Base = record.Id, Saved = request.Stops ? record.Id : 0 });
            await running.OrderAsync(new GuestOrder(0, GuestOrderKind.Settle) { State = record.Id }, cancellation).ConfigureAwait(false);
            return record;
        }
    }

    private async Task<SaveReport> OrderAsync(SaveRequest request, long from, IReadOnlyList<int> above, FileDescriptor stream, CancellationToken cancellation)
    {
        using var files = new OwnedDescriptors();
        files.Add(stream);
        var layers = new List<LayerOrder>();
        for (int i = 0; i < above.Count; i++)
        {
            if (above[i] == 0)
                continue;
            string path = host.Places.LayerOf(guest, i, above[i]);
            files.Add(FileDescriptor.Open(path, FileAccessMode.ReadWrite));
            layers.Add(new LayerOrder(i, path));
        }

        var order = new GuestOrder(0, GuestOrderKind.Save) { Save = new SaveOrder(from, request.Stops, layers) };
        Task<ControlAnswer> asked = running.Link.AskAsync(order, s_limit, cancellation, [.. files.Files]);
        files.Dispose();
        using ControlAnswer answer = await asked.ConfigureAwait(false);
        return answer.Report.Save ?? throw new FormatException("the guest's process says what makes no sense");
    }

    private async Task ForgetAsync(SaveRequest request)
    {
        try
        {
            await running.OrderAsync(GuestOrderKind.Forget, CancellationToken.None).ConfigureAwait(false);
            if (request.Stops)
                await running.OrderAsync(GuestOrderKind.Resume, CancellationToken.None).ConfigureAwait(false);
        }
        catch (GuestRunException)
        {
            // It is gone, and whoever watches it does what is to be done.
        }
    }
}
