using System.Diagnostics;
using System.Globalization;
using System.Text;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Boot.Tests;
using Hearth.House;
using Hearth.Linux.Jail;
using Hearth.Running;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>A house whose daemon is a process of its own, as users have it: asked by its socket and by commands, and killed with all that it has started.</summary>
internal sealed class DaemonHouse : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly ScratchDirectory _scratch = new();
    private readonly HomeFolder _home;
    private readonly StringBuilder _said = new();
    private Process? _daemon;

    public DaemonHouse()
    {
        const UnixFileMode WayThrough = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_scratch.Path, WayThrough);
        _home = HomeFolder.Of(_scratch["home"]);
        Client = new ApiClient(_home);
        Places = new GuestPlaces(_home.Path);
    }

    public ScratchDirectory Scratch => _scratch;

    public string Home => _home.Path;

    public ApiClient Client { get; }

    public GuestPlaces Places { get; }

    /// <summary>What daemons of this house have said on standard error.</summary>
    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    /// <summary>Starts the daemon, and returns when it answers.</summary>
    public async Task StartAsync()
    {
        // As a service manager starts it (docs/supervisor.md): in a session of its own, and, where that can be, with real-time turns until it is up.
        string[] turns = Environment.IsPrivilegedProcess && !File.Exists($"{Hearth}.dll") ? ["chrt", "--rr", "1"] : [];
        string[] command = [.. turns, "setsid", Hearth, "up", "--foreground", "--home", Home];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, WorkingDirectory = _scratch.Path };
        start.Environment["PATH"] = Marked;
        start.Environment["HEARTH_PASST"] = GuestAssets.Passt();
        _daemon = Process.Start(start)!;
        _daemon.ErrorDataReceived += (_, line) =>
        {
            lock (_said)
                _said.AppendLine(line.Data);
        };
        _daemon.BeginErrorReadLine();
        long since = Stopwatch.GetTimestamp();
        while (!await AnswersAsync())
        {
            Assert.False(_daemon.HasExited, $"the daemon does not start: {Said}");
            Assert.True(Stopwatch.GetElapsedTime(since) < s_patience, $"the daemon does not answer: {Said}");
            await Task.Delay(5);
        }
    }

    /// <summary>Ends the daemon alone, as kill -9 does.</summary>
    public void KillDaemon()
    {
        _daemon!.Kill();
        _daemon.WaitForExit();
        _daemon.Dispose();
    }

    /// <summary>Ends the daemon and all that it and those before it have started, in no order, as kill -9 does.</summary>
    /// <param name="waits">Until none of them is there any more: the kernel takes its time with the memory of a guest, and process 1 with what is left of it.</param>
    public void KillTree(Random random, bool waits = true)
    {
        while (Processes() is { Count: > 0 } processes)
        {
            int[] each = [.. processes];
            random.Shuffle(each);
            ProcessHandle[] handles = [.. each.Select(TryKill).OfType<ProcessHandle>()];
            foreach (ProcessHandle handle in handles)
            {
                while (waits && Directory.Exists(FormattableString.Invariant($"/proc/{handle.Id}")))
                    Thread.Sleep(2);
                handle.Dispose();
            }
        }

        _daemon?.WaitForExit();
        _daemon?.Dispose();
        _daemon = null;
    }

    /// <summary>The processes of this house.</summary>
    public IReadOnlyList<int> Processes() => [.. Directory.EnumerateDirectories("/proc").Select(folder => Path.GetFileName(folder)).Where(name => char.IsAsciiDigit(name[0])).Where(IsOurs).Select(name => int.Parse(name, CultureInfo.InvariantCulture))];

    /// <summary>Runs a command.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Hearth, [.. arguments, "--home", Home]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    public Task<GuestMessage> AddAsync(GuestDefinition definition) =>
        Client.AskAsync(HttpMethod.Post, "/v1/guests", GuestSettings.Of(definition, _ => null), ApiJson.Client.GuestSettings, ApiJson.Client.GuestMessage);

    public Task<GuestMessage> StartGuestAsync(string guest) =>
        Client.AskLongAsync($"/v1/guests/{guest}/start", new StartRequest(), ApiJson.Client.StartRequest, ApiJson.Client.LongAnswerGuestMessage, new Progress<double>());

    public Task<GuestMessage> StopGuestAsync(string guest) =>
        Client.AskLongAsync($"/v1/guests/{guest}/stop", new StopRequest(0), ApiJson.Client.StopRequest, ApiJson.Client.LongAnswerGuestMessage, new Progress<double>());

    public Task<StateMessage> SaveAsync(string guest, SaveOrder? order = null, IProgress<double>? progress = null) =>
        Client.AskLongAsync($"/v1/guests/{guest}/save", order ?? new SaveOrder(), ApiJson.Client.SaveOrder, ApiJson.Client.LongAnswerStateMessage, progress ?? new Progress<double>());

    public Task<StateMessage> RestoreAsync(string guest, long state, bool keepsPresent) =>
        Client.AskLongAsync($"/v1/guests/{guest}/restore", new RestoreRequest(state, keepsPresent), ApiJson.Client.RestoreRequest, ApiJson.Client.LongAnswerStateMessage, new Progress<double>());

    public Task DeleteStateAsync(string guest, long state) => Client.DoAsync(HttpMethod.Delete, $"/v1/guests/{guest}/states/{state}");

    public Task<GuestMessage> FindAsync(string guest) => Client.GetAsync($"/v1/guests/{guest}", ApiJson.Client.GuestMessage);

    public Task<GuestMessage[]> AllAsync() => Client.GetAsync("/v1/guests", ApiJson.Client.GuestMessageArray);

    public Task<StateMessage[]> StatesAsync(string guest) => Client.GetAsync($"/v1/guests/{guest}/states", ApiJson.Client.StateMessageArray);

    /// <summary>What happened last, and what daemons have said.</summary>
    public async Task<string> TellAsync() =>
        $"{string.Join('\n', (await Client.GetAsync("/v1/events", ApiJson.Client.EventMessageArray)).Select(happened => happened.ToString()))}\n{Said}";

    /// <summary>Waits until a guest is in a phase.</summary>
    public async Task<GuestMessage> WaitAsync(string guest, string phase, int seconds = 60)
    {
        long start = Stopwatch.GetTimestamp();
        GuestMessage found;
        while ((found = await FindAsync(guest)).Phase != phase)
        {
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < seconds, $"{found} and not {phase}\n{Said}");
            await Task.Delay(20);
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        KillTree(new Random(0));
        Client.Dispose();
        await Task.Yield();
        _scratch.Dispose();
    }

    // Built beside the tests, or the one that somebody compiled ahead of time.
    private static string Hearth => Environment.GetEnvironmentVariable("HEARTH_EXECUTABLE") ?? Path.Combine(AppContext.BaseDirectory, "hearth");

    /// <summary>The path of programs, by which processes of this house are told from others: guests' processes have it, too.</summary>
    private string Marked => $"{Environment.GetEnvironmentVariable("PATH")}:{_scratch.Path}/none";

    /// <returns>Null when it has ended meanwhile.</returns>
    private static ProcessHandle? TryKill(int process)
    {
        try
        {
            var handle = ProcessHandle.Open(process);
            _ = handle.TrySignal(9);
            return handle;
        }
        catch (Linux.LinuxException)
        {
            return null;
        }
    }

    private bool IsOurs(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/environ").Contains(Marked, StringComparison.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            _ = await Client.GetAsync("/v1/status", ApiJson.Client.StatusMessage);
            return true;
        }
        catch (Exception error) when (error is UsageException or ApiException)
        {
            return false;
        }
    }
}
