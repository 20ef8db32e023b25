using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Hearth.Boot.Tests;

/// <summary>
/// The real <c>hearth</c> executable, run as a user would: built beside the boot tests, or the one $HEARTH_EXECUTABLE names.
/// What it writes is collected while it runs.
/// </summary>
internal sealed class HearthProcess : IDisposable
{
    private const int UserTimeField = 11;

    // USER_HZ, which is 100 on every x86 kernel.
    private const int TicksPerSecond = 100;

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly StringBuilder _console = new();
    private readonly StringBuilder _errors = new();
    private readonly Lock _gate = new();
    private readonly long _started = Stopwatch.GetTimestamp();

    private HearthProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(_console, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>
    /// No boot takes this long; a guest that hangs is ended so that the other tests go on. $HEARTH_TEST_PATIENCE says how many minutes, where
    /// the machine itself is emulated.
    /// </summary>
    public static TimeSpan Patience { get; } =
        TimeSpan.FromMinutes(int.Parse(Environment.GetEnvironmentVariable("HEARTH_TEST_PATIENCE") ?? "10", CultureInfo.InvariantCulture));

    public static string Executable => Environment.GetEnvironmentVariable("HEARTH_EXECUTABLE") ?? Built;

    private static string Built
    {
        get
        {
            string beside = Path.Combine(AppContext.BaseDirectory, "hearth");
            return File.Exists(beside) ? beside : Path.Combine(AppContext.BaseDirectory, "boot/hearth");
        }
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What the guest has written so far.</summary>
    public string Console => Snapshot(_console);

    /// <summary>Starts <c>hearth</c> with these arguments.</summary>
    /// <param name="environment">Variables to set, or to remove where the value is null.</param>
    public static HearthProcess Start(IEnumerable<string> arguments, params (string Name, string? Value)[] environment) => StartThrough([], arguments, environment);

    /// <summary>Starts another program that becomes <c>hearth</c>: it gets its path and arguments behind its own.</summary>
    /// <param name="program">The program with its arguments; empty for none.</param>
    public static HearthProcess StartThrough(
        IReadOnlyList<string> program, IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        string[] all = [.. program, Executable, .. arguments];
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach ((string name, string? value) in environment)
            start.Environment[name] = value;
        return new HearthProcess(Process.Start(start)!);
    }

    /// <summary>Starts <c>hearth</c> and waits for its end.</summary>
    public static HearthOutcome Run(IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        using HearthProcess process = Start(arguments, environment);
        return process.WaitForExit();
    }

    /// <summary>Waits until the console has shown the text.</summary>
    /// <exception cref="TimeoutException">It did not; the message has what was shown instead.</exception>
    public void WaitForText(string text) =>
        WaitUntil(() => Snapshot(_console).Contains(text, StringComparison.Ordinal), $"the guest never wrote \"{text}\"");

    /// <summary>Waits until the first vCPU has run for so long: a kernel that has not begun to write is found at work by nothing else.</summary>
    /// <exception cref="TimeoutException">It did not run so long.</exception>
    public void WaitForVcpuTime(TimeSpan time) => WaitUntil(() => VcpuTime() >= time, $"the first vCPU did not run for {time.TotalSeconds} s");

    /// <summary>Bytes of the guest's memory that the host keeps (proc_pid_status(5), RssShmem).</summary>
    public long ResidentMemory()
    {
        const string Field = "RssShmem:";
        string line = File.ReadLines($"/proc/{Id}/status").Single(line => line.StartsWith(Field, StringComparison.Ordinal));
        return long.Parse(line[Field.Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture) << 10;
    }

    /// <summary>Waits until the host keeps no more of the guest's memory than so much.</summary>
    /// <exception cref="TimeoutException">It goes on keeping more.</exception>
    public void WaitForResidentMemory(long most) => WaitUntil(() => ResidentMemory() <= most, $"the host keeps more than {most >> 20} MiB of the guest's memory");

    /// <summary>Tells the guest's process to save the guest and to end.</summary>
    public void Save() => Guests.HostCommand.Require("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -USR1 {Id}")]);

    /// <summary>Tells the process to end. Not as Ctrl-C does: a shell that runs the tests beside it has them ignore SIGINT, and what they start with them.</summary>
    public void End() => Guests.HostCommand.Require("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -TERM {Id}")]);

    /// <summary>Types on the guest's serial console.</summary>
    public void Type(string text)
    {
        _process.StandardInput.Write(text);
        _process.StandardInput.Flush();
    }

    /// <exception cref="TimeoutException">It did not end in time; the message has what the guest wrote.</exception>
    public HearthOutcome WaitForExit()
    {
        TimeSpan left = Patience - Stopwatch.GetElapsedTime(_started);
        if (!_process.WaitForExit(left > TimeSpan.Zero ? left : TimeSpan.Zero))
            throw new TimeoutException($"hearth did not end; the guest wrote:\n{Snapshot(_console)}\n{Snapshot(_errors)}");

        // Without a timeout this also waits for the last line of both pipes.
        _process.WaitForExit();
        return new HearthOutcome(_process.ExitCode, Snapshot(_console), Snapshot(_errors));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    /// <exception cref="TimeoutException">It did not come to be; the message has what was written instead.</exception>
    public void WaitUntil(Func<bool> condition, string otherwise)
    {
        while (!condition())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(_started) > Patience)
                throw new TimeoutException($"{otherwise}; it wrote:\n{Snapshot(_console)}\n{Snapshot(_errors)}");
            Thread.Sleep(s_poll);
        }
    }

    /// <summary>User time, which has a guest's own under KVM (proc_pid_stat(5)).</summary>
    private TimeSpan VcpuTime()
    {
        const string Vcpu = "(vcpu0) ";
        string? stat = Directory.GetDirectories($"/proc/{Id}/task")
            .Select(StatOf)
            .FirstOrDefault(stat => stat.Contains(Vcpu, StringComparison.Ordinal));
        string[] fields = stat is null ? [] : stat[(stat.IndexOf(Vcpu, StringComparison.Ordinal) + Vcpu.Length)..].Split(' ');
        return fields.Length == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(double.Parse(fields[UserTimeField], CultureInfo.InvariantCulture) / TicksPerSecond);
    }

    /// <returns>Empty for a thread that has ended since it was listed.</returns>
    private static string StatOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "stat"));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private void Append(StringBuilder to, string? line)
    {
        lock (_gate)
            to.Append(line?.TrimEnd('\r')).Append('\n');
    }

    private string Snapshot(StringBuilder text)
    {
        lock (_gate)
            return text.ToString();
    }
}
