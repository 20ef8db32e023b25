using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Hearth.Proving;

/// <summary>
/// An emulator as a child of a small shell. When this process ends in whatever way, the shell's standard input closes, and it kills the emulator:
/// a test run that is killed leaves no machine behind.
/// </summary>
internal sealed class EmulatorProcess : IDisposable
{
    private const string Guard = """
        exec 3<&0
        "$@" < /dev/null > /dev/null 3<&- &
        emulator=$!
        echo $emulator
        { read -r _ <&3; kill -KILL $emulator; } 2> /dev/null > /dev/null &
        guard=$!
        wait $emulator
        code=$?
        kill $guard
        exit $code
        """;

    private readonly GroundMonitor _monitor;
    private readonly Process _process;
    private readonly string _name;
    private readonly StringBuilder _errors = new();

    private EmulatorProcess(string name, Process process, GroundMonitor monitor)
    {
        _name = name;
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

    /// <summary>The process id of the emulator.</summary>
    public int Id { get; }

    /// <param name="name">What messages call it.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">What must be set for it.</param>
    /// <exception cref="ProvingGroundException">There is no shell.</exception>
    public static EmulatorProcess Start(string name, IEnumerable<string> command, IReadOnlyDictionary<string, string> environment, GroundMonitor monitor)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Guard, "guard", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string variable, string value) in environment)
            start.Environment[variable] = value;
        try
        {
            return new EmulatorProcess(name, Process.Start(start)!, monitor);
        }
        catch (Win32Exception error)
        {
            throw new ProvingGroundException($"/bin/sh cannot be run: {error.Message}", error);
        }
    }

    /// <returns>The emulator's exit code, or null when it still runs.</returns>
    public int? WaitForExit(TimeSpan patience) => _process.WaitForExit(patience) ? _process.ExitCode : null;

    public void Dispose()
    {
        // The guard kills the emulator and is gone after it.
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Ended()
    {
        // Without a time limit this also waits for the emulator's last words.
        _process.WaitForExit();
        string errors = _monitor.Read(() => _errors.ToString().Trim());
        _monitor.Die($"{_name} has ended with exit code {_process.ExitCode}{(errors.Length == 0 ? "" : $" and says: {errors}")}");
    }
}
