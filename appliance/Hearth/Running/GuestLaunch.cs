using Hearth.House;
using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Protocol;
using Hearth.Snapshots;
using Hearth.Snapshots.States;

namespace Hearth.Running;

/// <summary>Starts a guest's process, or takes one over, and gives it the memory that it lacks.</summary>
/// <param name="told">Takes what the process says by itself, but for its last word.</param>
/// <param name="ended">Called when it has ended.</param>
internal sealed class GuestLaunch(GuestHost host, int guest, GuestUpkeep upkeep, Action<GuestReport> told, Action<RunningGuest, ProcessEnding?> ended)
{
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_gone = TimeSpan.FromSeconds(1);

    /// <summary>Starts a process and waits until the guest runs.</summary>
    /// <param name="givenUp">What <see cref="GuestPresent.GivenUp"/> is when it runs.</param>
    /// <param name="state">The state it goes on from; 0 to boot with what is on its disks.</param>
    /// <param name="keep">Brings what the guest becomes to stable storage.</param>
    /// <exception cref="GuestRunException">It cannot be started: there is no process, and everything of the guest is as it was.</exception>
    public async Task<RunningGuest> StartAsync(GuestPresent present, IReadOnlyList<IReadOnlyList<DiskRecord>> givenUp, long state, Action<GuestPresent> keep)
    {
        using IDisposable own = host.Share.Raise();
        StartedGuest? started = null;
        RunningGuest? running = null;
        try
        {
            GuestDefinition now = host.Require(guest).Definition;
            GuestDefinition definition = state == 0 ? now : host.States.Require(guest, state).Details.Machine?.In(now) ?? now;
            LayerTree tree = upkeep.TreeOf(present);
            (IReadOnlyList<DiskRecord> disks, IReadOnlyList<AttachedDisk> attached) = Disks(definition, present, state, tree);
            byte[]? machine = state == 0 ? null : host.States.ReadMachine(state);

            // Before it runs: what it writes must be known to whoever comes next, and what it goes on from, should this supervisor end before there is a process.
            GuestPresent prepared = present with { Disks = disks, Layers = tree.Records, Attached = attached, GivenUp = givenUp, Base = state, Machine = definition };
            keep(prepared);
            started = host.Starter.Start(guest, definition, upkeep.Disks.Describe(definition, disks, attached, tree), machine is null ? null : (state, host.States.Require(guest, state).Record.Memory, machine));

            // What is the guest's own begins after its greeting.
            ProcessorShare share = host.Starter.ShareOf(guest, definition);
            share.Raise(started.Process);
            running = new RunningGuest(started.Process, started.Helpers, share, host.Share, host.Places.ControlSocket(guest), told, ended);
            keep(prepared with { Saved = 0, Process = started.Process.Identity.ToString(), Pages = started.Pages, IsPaused = false, HasCrashed = false });
            await GreetAsync(running, started.Pages, state, started.Jail).ConfigureAwait(false);
            started.Jail?.Dispose();
            if (state == 0)
                host.Starter.Remember(definition, running.Greeting);
            return running;
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            string? said = started is null ? null : SaidAtItsEnd(started.Process);
            if (started is not null)
                End(started, running);
            KeepIfPossible(present, keep);
            if (said is not null)
                throw new GuestRunException(said, GuestRunFailure.Host, error);
            throw started is null && HostFailure.IsOfTheHost(error) ? new GuestRunException(HostFailure.Explain(error).Message, GuestRunFailure.NoProcess, error) : HostFailure.Explain(error);
        }
    }

    /// <summary>Why a process ended that has run nothing of the guest's: that its state does not fit its settings, for one.</summary>
    /// <returns>A sentence without its full stop; null where it has not ended, or said nothing.</returns>
    private string? SaidAtItsEnd(ProcessHandle process)
    {
        const string Start = "hearth: ";
        if (!process.WaitEnded(s_gone))
            return null;
        try
        {
            string? last = File.ReadLines(host.Places.LogOf(guest)).LastOrDefault(line => line.StartsWith(Start, StringComparison.Ordinal));
            return last?[Start.Length..].TrimEnd('.');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Where the store takes nothing now, what was noted before the start leads to the same state.</summary>
    private void KeepIfPossible(GuestPresent present, Action<GuestPresent> keep)
    {
        try
        {
            keep(present);
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            host.LogOf(guest, $"that it was not started could not be noted: {error.Message}");
        }
    }

    /// <summary>Takes over a process that a supervisor before this one has started.</summary>
    /// <exception cref="GuestRunException">It is not what it should be, or does not answer; it has been ended.</exception>
    public async Task<RunningGuest> TakeBackAsync(ProcessHandle process, GuestPresent present)
    {
        RunningGuest? running = null;
        try
        {
            ProcessorShare share = host.Starter.ShareOf(guest, host.Require(guest).Definition);
            running = new RunningGuest(process, [], share, host.Share, host.Places.ControlSocket(guest), told, ended);
            await GreetAsync(running, present.Pages, present.Base, null).ConfigureAwait(false);
            return running;
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            if (running is not null)
                End(running);
            else
                End(process);
            throw HostFailure.Explain(error);
        }
    }

    /// <summary>Ends a process that a supervisor has started and could not note any more: nobody else knows of it, but it listens. Returns when it is gone.</summary>
    /// <exception cref="GuestRunException">It does not end.</exception>
    public async Task EndForgottenAsync()
    {
        try
        {
            using var link = new ControlLink(host.Places.ControlSocket(guest), _ => { });
            link.Tell(new GuestOrder(0, GuestOrderKind.End));
            await link.Closed.WaitAsync(s_start).ConfigureAwait(false);
        }
        catch (TimeoutException error)
        {
            throw new GuestRunException("a process of the guest that nobody knows of does not end", GuestRunFailure.Host, error);
        }
        catch (Exception error) when (error is LinuxException or GuestRunException)
        {
            // Nobody listens, as it should be; or it is gone already.
        }
    }

    private (IReadOnlyList<DiskRecord> Disks, IReadOnlyList<AttachedDisk> Attached) Disks(GuestDefinition definition, GuestPresent present, long state, LayerTree tree)
    {
        if (state == 0)
            return upkeep.Disks.Prepare(definition, present.Disks, tree, upkeep.FreeIn(tree));

        // Always on what the state has, never on what was written since. Disks that the guest did not have then stay as they are.
        IReadOnlyList<DiskRecord> then = host.States.Require(guest, state).Details.Disks;
        HashSet<int> slots = [.. then.Select(disk => disk.Slot)];
        return upkeep.Disks.Prepare(definition, [.. then, .. present.Disks.Where(disk => !slots.Contains(disk.Slot))], tree, _ => false);
    }

    private async Task GreetAsync(RunningGuest running, long pages, long state, JailedProcess? jail)
    {
        FileDescriptor? descriptor = await running.GreetAsync(s_start).ConfigureAwait(false);

        // The guest runs from here on. Of one that is taken back, whoever started it may have ended before it could do this.
        running.Share.Lower(running.Process);
        using var owned = new OwnedDescriptors();
        if (descriptor is not null)
            owned.Add(descriptor);
        RequireSealed(jail);
        if (running.Greeting.Pages != pages)
            throw new GuestRunException("the guest's process says that it has other memory than it was given");
        if (running.Greeting.Fill is null && jail is not null && state != 0)
            throw new GuestRunException("the guest's process does not ask for the memory that it lacks");
        if (running.Greeting.Fill is { } fill)
            await FillAsync(running, fill, descriptor!.Duplicate(), state, isNew: jail is not null).ConfigureAwait(false);
    }

    /// <summary>It answers after it was sealed. What this host cannot do `hearth doctor` says.</summary>
    private static void RequireSealed(JailedProcess? jail)
    {
        if (jail is not null && !jail.WaitSealed(s_start) && jail.Layers.HasFlag(JailLayers.Namespaces))
            throw new GuestRunException("the guest's process could not be shut off from the host");
    }

    /// <param name="state">As the supervisor knows it: a process could name another guest's.</param>
    /// <param name="isNew">The guest is at its beginning, and was not taken over in the middle.</param>
    private async Task FillAsync(RunningGuest running, FillRequest fill, FileDescriptor descriptor, long state, bool isNew)
    {
        using var owned = new OwnedDescriptors();
        owned.Add(descriptor);
        _ = host.States.Require(guest, state);
        SavedStateReader memory = host.States.OpenMemory(state);
        if (fill.IsWaiting)
        {
            using (memory)
                await Task.Run(() => MemoryFile.Fill(descriptor, memory)).ConfigureAwait(false);
            await running.OrderAsync(GuestOrderKind.Filled).ConfigureAwait(false);
            return;
        }

        UserFaults? faults = UserFaults.TryOpen(descriptor.Duplicate());
        if (faults is null)
        {
            memory.Dispose();
            throw new GuestRunException("the guest's process asks for its memory in a way that cannot be");
        }

        running.Filler = new MemoryFiller(memory, faults, fill.Address, new WorkingSet(host.Places.WorkingSetOf(guest)), learns: isNew);
        _ = FinishFillingAsync(running, running.Filler);
    }

    private static async Task FinishFillingAsync(RunningGuest running, MemoryFiller filler)
    {
        try
        {
            await filler.Completion.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // This supervisor goes.
            return;
        }
        catch (Exception error) when (HostFailure.IsOne(error))
        {
            // Memory that cannot be had: the guest must not go on with something else in its place, nor wait for ever. A process that is gone has a reason of its own.
            if (!await running.WaitEndedAsync(s_gone).ConfigureAwait(false))
                running.EndBecause(error.Message.TrimEnd('.'));
            return;
        }

        try
        {
            await running.OrderAsync(GuestOrderKind.Filled).ConfigureAwait(false);
            filler.Dispose();
        }
        catch (GuestRunException)
        {
            // The process is gone.
        }
    }

    private static void End(RunningGuest running)
    {
        running.Kill();
        _ = running.WaitEnded(s_start);
        running.Dispose();
    }

    private static void End(StartedGuest started, RunningGuest? running)
    {
        started.Jail?.End();
        started.Jail?.Dispose();
        if (running is not null)
        {
            End(running);
            return;
        }

        End(started.Process);
        foreach (ProcessHandle helper in started.Helpers)
            End(helper);
    }

    private static void End(ProcessHandle process)
    {
        using (process)
        {
            _ = process.TrySignal(Signal.Kill);
            _ = process.WaitEnded(s_start);
            _ = process.TryReap();
        }
    }
}
