using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>A guest under QEMU TCG, with its monitor and its console at sockets. It ends with this.</summary>
internal sealed class QemuGuest : IDisposable
{
    private const string Ram = "ram";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly string _monitor;
    private readonly CancellationToken _cancellation;
    private QmpLink? _link;

    private QemuGuest(SaveGuest guest, SaveRun run, IEnumerable<string> more)
    {
        _cancellation = run.Cancellation;
        _monitor = Path.Combine(run.Directory, "qemu.monitor");
        string console = Path.Combine(run.Directory, "qemu.console");
        File.Delete(_monitor);
        File.Delete(console);
        Console = new ConsoleWatch(console);

        // As the other comparisons start it, but with a console that somebody can come to.
        IEnumerable<string> arguments = Contender.QemuArguments(guest.Configuration).Select(argument => argument == "stdio" ? $"unix:{console},server=on,wait=off" : argument);
        IEnumerable<string> fill = guest.FillDisk is { } path ? ["-drive", $"if=virtio,format=raw,file={path},readonly=on"] : [];
        Started = Stopwatch.GetTimestamp();
        _process = Process.Start(new ProcessStartInfo(Contender.QemuPath, [.. arguments, .. fill, "-qmp", $"unix:{_monitor},server=on,wait=off", .. more]) { RedirectStandardError = true })!;
        _errors = _process.StandardError.ReadToEndAsync(CancellationToken.None);
    }

    public ConsoleWatch Console { get; }

    /// <summary>When the process was started, as <see cref="Stopwatch.GetTimestamp"/> has it.</summary>
    public long Started { get; }

    public int ProcessId => _process.Id;

    /// <exception cref="GuestsException">QEMU is not installed.</exception>
    public static QemuGuest Boot(SaveGuest guest, SaveRun run) => new(guest, run, []);

    /// <summary>With RAM in a file, whose mapping can be told from the rest of the process.</summary>
    /// <inheritdoc cref="Boot"/>
    public static QemuGuest BootWithRamFile(SaveGuest guest, SaveRun run) =>
        new(guest, run, ["-object", $"memory-backend-memfd,id={Ram},size={guest.Configuration.Memory},share=on", "-machine", $"memory-backend={Ram}"]);

    /// <param name="state">What <see cref="Migrate"/> has written while the guest ran: it runs at once.</param>
    /// <inheritdoc cref="Boot"/>
    public static QemuGuest Restore(SaveGuest guest, SaveRun run, string state) => new(guest, run, ["-incoming", $"exec:cat {state}"]);

    /// <exception cref="GuestsException">It does not answer.</exception>
    public JsonElement Execute(string command, object? arguments = null)
    {
        try
        {
            return (_link ??= Connect()).Execute(command, arguments);
        }
        catch (GuestsException error) when (_process.HasExited)
        {
            throw new GuestsException($"{error.Message}; it ended with: {_errors.Result.Trim()}", error);
        }
    }

    /// <summary>Writes the guest to a file, as fast as it goes.</summary>
    /// <exception cref="GuestsException">It fails.</exception>
    public void Migrate(string file)
    {
        long started = Stopwatch.GetTimestamp();
        _ = Execute("migrate", new { uri = $"exec:cat > {file}" });
        while (Execute("query-migrate").GetProperty("status").GetString() is var status && status != "completed")
        {
            _cancellation.ThrowIfCancellationRequested();
            if (status is "failed" or "cancelled" || Stopwatch.GetElapsedTime(started) > s_patience)
                throw new GuestsException(string.Create(CultureInfo.InvariantCulture, $"QEMU's migration is {status} after {Stopwatch.GetElapsedTime(started).TotalSeconds:f1} s"));
            Thread.Sleep(1);
        }
    }

    public void Dispose()
    {
        _link?.Dispose();
        Console.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private QmpLink Connect()
    {
        var link = new QmpLink(_monitor);

        // Nought is no bound.
        _ = link.Execute("migrate-set-parameters", JsonSerializer.Deserialize<JsonElement>("""{"max-bandwidth":0}"""));
        return link;
    }
}
