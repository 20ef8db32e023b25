using System.Text;
using Hearth.Boot.Tests;
using Hearth.Guests.Initramfs;
using Hearth.House;
using Hearth.Running;
using Hearth.Store;

namespace Hearth.Supervisor.Tests;

/// <summary>A house with real guests in a folder of its own, which is gone with it.</summary>
internal sealed class TestHouse : IAsyncDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly List<string> _log = [];

    public TestHouse()
    {
        // As the folders above a house's are: users of guests' processes come through.
        const UnixFileMode WayThrough = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_scratch.Path, WayThrough);
        (Store, Runs) = Open();
    }

    public string Home => _scratch["home"];

    public ScratchDirectory Scratch => _scratch;

    public HouseStore Store { get; private set; }

    public GuestRuns Runs { get; private set; }

    public IReadOnlyList<string> Log => _log;

    /// <summary>Starts a guest and waits for a text on its console.</summary>
    /// <returns>The console until then.</returns>
    public async Task<string> StartAsync(int guest, string text)
    {
        await Runs.StartAsync(guest, StartManner.GoOn, TestContext.Current.CancellationToken);
        return await ReadUntilAsync(guest, text);
    }

    /// <summary>Adds a guest with Debian's cloud kernel and busybox.</summary>
    /// <param name="script">What init does before it powers off.</param>
    public int Add(string name, string script, Func<GuestDefinition, GuestDefinition>? change = null, params string[] modules) =>
        Add(name, script, change, initramfs => initramfs, modules);

    /// <inheritdoc cref="Add(string, string, Func{GuestDefinition, GuestDefinition}?, string[])"/>
    /// <param name="add">Adds more to the initramfs.</param>
    public int Add(
        string name, string script, Func<GuestDefinition, GuestDefinition>? change, Func<InitramfsBuilder, InitramfsBuilder> add, params string[] modules)
    {
        Guests.Debian.KernelPackage kernel = GuestAssets.FetchKernel(GuestAssets.CloudKernel);
        byte[] initramfs = add(GuestAssets.Initramfs(GuestAssets.CloudKernel, script)).AddModules(kernel, modules).Build();
        var definition = new GuestDefinition
        {
            Name = name,
            Engine = Environment.GetEnvironmentVariable("HEARTH_TEST_ENGINE") ?? "software",
            CpuModel = Environment.GetEnvironmentVariable("HEARTH_TEST_CPU_MODEL"),
            Memory = "512M",
            Kernel = kernel.Image,
            Initrd = _scratch.Write($"{name}.initrd", initramfs),
            Append = "console=ttyS0 panic=-1",
            Vga = "none",
            CheckpointSeconds = 0,
        };
        return Store.Guests.Add(new Guest(0, change?.Invoke(definition) ?? definition, DateTimeOffset.UnixEpoch)).Id;
    }

    /// <summary>Another supervisor in the place of this one, which lets its guests go.</summary>
    /// <param name="between">What happens while there is none.</param>
    public async Task ReopenAsync(Action? between = null)
    {
        await Runs.DisposeAsync();
        Store.Dispose();
        between?.Invoke();
        (Store, Runs) = Open();
        await Runs.TakeBackAsync();
    }

    /// <summary>Reads a guest's console until it has written something.</summary>
    /// <returns>What it has written so far.</returns>
    public Task<string> ReadUntilAsync(int guest, string text, int seconds = 120) =>
        ReadUntilAsync(guest, read => read.Contains(text, StringComparison.Ordinal), $"'{text}'", seconds);

    /// <inheritdoc cref="ReadUntilAsync(int, string, int)"/>
    /// <param name="what">What is waited for, in words.</param>
    public async Task<string> ReadUntilAsync(int guest, Predicate<string> isThere, string what, int seconds = 120)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var read = new StringBuilder();
        while (!isThere(read.ToString()))
        {
            if (limit.IsCancellationRequested)
                throw new TimeoutException($"the guest did not write {what} but\n{read}\n{Describe(guest)}");
            if (!await TryReadAsync(guest, isThere, read, limit.Token))
                await Task.Delay(20);
        }

        return read.ToString();
    }

    /// <summary>Connects to a guest's console, also while its process is just being started.</summary>
    public async Task<Stream> ConnectAsync(int guest)
    {
        while (true)
        {
            try
            {
                return await Runs.OpenConsoleAsync(guest, CancellationToken.None);
            }
            catch (GuestRunException) when (Runs.ConditionOf(guest).ProcessId is not null)
            {
                await Task.Delay(10);
            }
        }
    }

    /// <summary>Waits until something has happened.</summary>
    public async Task WaitForEventAsync(string sentence, int seconds = 60)
    {
        DateTime limit = DateTime.UtcNow + TimeSpan.FromSeconds(seconds);
        while (!Store.Events.Last(50).Any(happened => happened.Sentence == sentence))
        {
            Assert.True(DateTime.UtcNow < limit, $"'{sentence}' did not happen, but {string.Join('\n', Store.Events.Last(20).Select(each => each.Sentence))}");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a guest is in a phase.</summary>
    public async Task<GuestCondition> WaitAsync(int guest, GuestPhase phase, int seconds = 120)
    {
        var limit = DateTime.UtcNow + TimeSpan.FromSeconds(seconds);
        while (Runs.ConditionOf(guest).Phase != phase)
        {
            Assert.True(DateTime.UtcNow < limit, $"the guest is {Runs.ConditionOf(guest)} and not {phase}\n{Describe(guest)}");
            await Task.Delay(20);
        }

        return Runs.ConditionOf(guest);
    }

    public string LogOf(int guest)
    {
        string path = new GuestPlaces(Home).LogOf(guest);
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Guest guest in Store.Guests.All())
        {
            if (Runs.ConditionOf(guest.Id).ProcessId is not null)
                await Runs.StopAsync(guest.Id, TimeSpan.Zero, CancellationToken.None);
        }

        await Runs.DisposeAsync();
        Store.Dispose();
        _scratch.Dispose();
    }

    /// <returns>False when nobody is there to read from.</returns>
    private async Task<bool> TryReadAsync(int guest, Predicate<string> isThere, StringBuilder read, CancellationToken limit)
    {
        var buffer = new byte[4096];
        try
        {
            using Stream console = await Runs.OpenConsoleAsync(guest, limit);
            int count;
            _ = read.Clear();
            while (!isThere(read.ToString()) && (count = await console.ReadAsync(buffer, limit)) > 0)
                _ = read.Append(Encoding.UTF8.GetString(buffer, 0, count));
            return true;
        }
        catch (Exception error) when (error is GuestRunException or OperationCanceledException or IOException)
        {
            // One that is killed resets the connection.
            return false;
        }
    }

    private string Describe(int guest) =>
        $"{string.Join('\n', Store.Events.Last(20).Select(each => each.Sentence))}\n{string.Join('\n', _log)}\n{LogOf(guest)}";

    private (HouseStore Store, GuestRuns Runs) Open()
    {
        var store = HouseStore.Open(Home, TimeProvider.System, _log.Add);
        return (store, new GuestRuns(store, Home, TimeProvider.System, new OwnShare(), _log.Add));
    }
}
