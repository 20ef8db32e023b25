using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Hearth.Proving.Qemu;

/// <summary>
/// QEMU as a child of a small shell. When this process ends in whatever way, the shell's standard input closes, and it kills QEMU: a test run
/// that is killed leaves no machine behind.
/// </summary>
internal sealed class QemuProcess : IDisposable
{
    private const string Guard = """
        exec 3<&0
        "$@" < /dev/null 3<&- &
        qemu=$!
        echo $qemu
        { read -r _ <&3; kill -KILL $qemu; } 2> /dev/null > /dev/null &
        guard=$!
        wait $qemu
        code=$?
        kill $guard
        exit $code
        """;

    private readonly GroundMonitor _monitor;
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private QemuProcess(Process process, GroundMonitor monitor)
    {
        _process = process;
        _monitor = monitor;
        Id = int.Parse(process.StandardOutput.ReadLine() ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        process.ErrorDataReceived += (_, line) => monitor.Update(() => _errors.AppendLine(line.Data));
        process.BeginErrorReadLine();
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => Ended();
        if (process.HasExited)
            Ended();
    }

    /// <summary>The process id of QEMU.</summary>
    public int Id { get; }

    /// <exception cref="ProvingGroundException">There is no shell.</exception>
    public static QemuProcess Start(QemuProgram qemu, IEnumerable<string> arguments, GroundMonitor monitor)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Guard, "guard", qemu.Path, .. qemu.Arguments, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in qemu.Environment)
            start.Environment[name] = value;
        try
        {
            return new QemuProcess(Process.Start(start)!, monitor);
        }
        catch (Win32Exception error)
        {
            throw new ProvingGroundException($"/bin/sh cannot be run: {error.Message}", error);
        }
    }

    /// <returns>QEMU's exit code, or null when it still runs.</returns>
    public int? WaitForExit(TimeSpan patience) => _process.WaitForExit(patience) ? _process.ExitCode : null;

    public void Dispose()
    {
        // The guard kills QEMU and is gone after it.
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Ended()
    {
        // Without a time limit this also waits for QEMU's last words.
        _process.WaitForExit();
        string errors = _monitor.Read(() => _errors.ToString().Trim());
        _monitor.Die($"QEMU has ended with exit code {_process.ExitCode}{(errors.Length == 0 ? "" : $" and says: {errors}")}");
    }
}
