using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Protocol;

namespace Hearth.Running;

/// <summary>A guest's process, as this supervisor has it: started by it, or by one before it.</summary>
internal sealed class RunningGuest : IDisposable
{
    private static readonly TimeSpan s_shortly = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_ending = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_frame = TimeSpan.FromMilliseconds(200);

    private readonly IReadOnlyList<ProcessHandle> _helpers;
    private readonly OwnShare _supervisors;
    private readonly Thread _watcher;
    private readonly Task _hastening;
    private Thread? _exitWatcher;
    private readonly TaskCompletionSource _exiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GuestScreen? _screen;
    private volatile GuestReport? _lastWord;
    private volatile bool _isReleased;

    /// <param name="process">Owned from now on.</param>
    /// <param name="helpers">Processes that end with the guest; owned from now on.</param>
    /// <param name="share">What it gets of the processors.</param>
    /// <param name="supervisors">What this process gets of them.</param>
    /// <param name="controlSocket">Where it listens.</param>
    /// <param name="told">Takes what it says by itself.</param>
    /// <param name="ended">Called once when the process has ended, with how.</param>
    /// <exception cref="LinuxException">It does not listen.</exception>
    public RunningGuest(
        ProcessHandle process, IReadOnlyList<ProcessHandle> helpers, ProcessorShare share, OwnShare supervisors, string controlSocket, Action<GuestReport> told, Action<RunningGuest, ProcessEnding?> ended)
    {
        Process = process;
        Share = share;
        _supervisors = supervisors;
        _helpers = helpers;
        Link = new ControlLink(controlSocket, report => Hear(report, told));
        _hastening = HastenEndAsync();
        _watcher = new Thread(() => Watch(ended)) { IsBackground = true, Name = $"process {process.Id}" };
        _watcher.Start();
    }

    public ProcessHandle Process { get; }

    public ProcessorShare Share { get; }

    public ControlLink Link { get; }

    /// <summary>How it was when it was greeted.</summary>
    public GuestGreeting Greeting { get; private set; } = new("", false, 0, 0, null, false);

    /// <summary>Gives it its memory; null where it has all of it.</summary>
    public MemoryFiller? Filler { get; set; }

    /// <summary>What it, or whoever ended it, said of its end; null for nothing yet.</summary>
    public GuestReport? LastWord => _lastWord;

    /// <summary>Asks it how it is, and takes what comes with the answer.</summary>
    /// <returns>What its memory is to be given by; null where it has all of it.</returns>
    /// <exception cref="GuestRunException">It does not answer.</exception>
    public async Task<FileDescriptor?> GreetAsync(TimeSpan limit)
    {
        ControlAnswer answer = await Link.AskAsync(new GuestOrder(0, GuestOrderKind.Greet), limit, CancellationToken.None).ConfigureAwait(false);
        GuestGreeting? greeting = answer.Report.Greeting;
        int memory = greeting?.Fill is null ? 0 : 1;
        int exit = greeting is { HasExitPipe: true } ? 1 : 0;
        int expected = memory + exit + (greeting is { HasScreen: true } ? GuestScreen.Descriptors : 0);
        if (greeting is null || answer.Files.Count != expected)
        {
            answer.Dispose();
            throw new GuestRunException("the guest's process says what makes no sense");
        }

        Greeting = greeting;
        if (greeting.HasScreen)
            _screen = GuestScreen.TryOpen([.. answer.Files.TakeLast(GuestScreen.Descriptors)]);
        if (exit != 0)
            WaitForExit(answer.Files[memory]);
        return greeting.Fill is null ? null : answer.Files[0];
    }

    /// <summary>Waits for the first sign of the end, by a thread, as for the end itself. What the process has sent as a pipe may be anything: it is waited for no longer than the process is there.</summary>
    private void WaitForExit(FileDescriptor pipe)
    {
        _exitWatcher = new Thread(() =>
        {
            using (pipe)
                Descriptors.WaitReadable(pipe, Process.Descriptor);
            _exiting.TrySetResult();
        }) { IsBackground = true, Name = $"exit of {Process.Id}" };
        _exitWatcher.Start();
    }

    /// <summary>Carries out an order that takes no time.</summary>
    /// <exception cref="GuestRunException">It refused, is gone, or does not answer.</exception>
    public async Task OrderAsync(GuestOrder order)
    {
        using ControlAnswer answer = await Link.AskAsync(order, s_shortly, CancellationToken.None).ConfigureAwait(false);
    }

    /// <inheritdoc cref="OrderAsync(GuestOrder)"/>
    public Task OrderAsync(GuestOrderKind kind) => OrderAsync(new GuestOrder(0, kind));

    /// <summary>What the guest shows, as a PNG file; null where it shows nothing.</summary>
    public byte[]? TakePicture() => _screen?.TakePicture(s_frame);

    /// <summary>Ends the process at once.</summary>
    public void Kill() => _ = Process.TrySignal(Signal.Kill);

    /// <summary>Ends the process at once, for a reason that it does not know.</summary>
    /// <param name="sentence">Without a full stop.</param>
    public void EndBecause(string sentence)
    {
        _ = Interlocked.CompareExchange(ref _lastWord, new GuestReport(0, GuestReportKind.Ended) { Cause = GuestCause.HostFault, Sentence = sentence }, null);
        Kill();
    }

    /// <summary>Waits until the process has ended.</summary>
    public bool WaitEnded(TimeSpan limit) => Process.WaitEnded(limit);

    /// <inheritdoc cref="WaitEnded"/>
    public Task<bool> WaitEndedAsync(TimeSpan limit) => Task.Run(() => WaitEnded(limit));

    /// <summary>Lets the process go on by itself.</summary>
    public void Dispose()
    {
        _isReleased = true;
        Filler?.Dispose();
        Link.Dispose();
        _screen?.Dispose();

        // The watcher has the descriptors until the process ends: a thread cannot be called back from waiting for that.
        if (!Process.WaitEnded(TimeSpan.Zero))
            return;
        _watcher.Join();
        Close();
    }

    private void Hear(GuestReport report, Action<GuestReport> told)
    {
        if (report.Kind == GuestReportKind.Ended)
            _ = Interlocked.CompareExchange(ref _lastWord, report, null);
        else
            told(report);
    }

    /// <summary>
    /// A process that has begun to end, or has let go of its supervisor, has its memory and its children to take down first: somebody waits for that. One that only pretends to be ending has
    /// its larger share for a moment, and is ended by the heartbeat.
    /// </summary>
    private async Task HastenEndAsync()
    {
        await Task.WhenAny(_exiting.Task, Link.Closed).ConfigureAwait(false);
        if (_isReleased)
            return;
        using IDisposable own = _supervisors.Raise();
        Share.Raise(Process);
        if (!await WaitEndedAsync(s_ending).ConfigureAwait(false))
            Share.Lower(Process);
    }

    private void Watch(Action<RunningGuest, ProcessEnding?> ended)
    {
        _ = Process.WaitEnded(Timeout.InfiniteTimeSpan);
        ProcessEnding? ending = Process.TryReap();
        ended(this, ending);
        foreach (ProcessHandle helper in _helpers)
        {
            // It ends when it notices; whoever does not is not waited for.
            if (!helper.WaitEnded(TimeSpan.FromSeconds(1)))
                _ = helper.TrySignal(Signal.Kill);
            _ = helper.WaitEnded(TimeSpan.FromSeconds(1));
            _ = helper.TryReap();
        }

        if (_isReleased)
            Close();
    }

    private void Close()
    {
        // It looks at the process, and is over when that is, as soon as the link is closed.
        _hastening.Wait();
        _exitWatcher?.Join();
        Process.Dispose();
        foreach (ProcessHandle helper in _helpers)
            helper.Dispose();
    }
}
