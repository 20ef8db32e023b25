using System.Diagnostics;
using System.Globalization;
using Hearth.Guests;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;
using Hearth.Proving.Agent;
using Hearth.Proving.Qemu;
using Hearth.Proving.Qmp;

namespace Hearth.Proving;

/// <summary>
/// A PC with AMD-V in QEMU's translator that runs Debian's kernel on the host's own root file system, so that whatever was built here runs
/// in there, at the same path and with a real <c>/dev/kvm</c>. What is written inside is gone with it, except below <see cref="SharedDirectory"/>.
/// </summary>
public sealed class ProvingGround : IDisposable
{
    private const string Kernel = "linux-image-amd64";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly GroundMonitor _monitor;
    private readonly GroundFiles _files;
    private readonly AgentClient? _agent;
    private readonly EmulatorProcess _process;

    private ProvingGround(ProvingGroundOptions options)
    {
        PackageCache cache = PackageCache.Default();
        QemuProgram qemu = options.Qemu ?? QemuProgram.Find(cache);
        KernelPackage? kernel = options.SharesRoot ? cache.FetchKernel(Kernel) : null;
        string directory = Path.Combine(CacheDirectory.Default(), "ground");
        SerialLog = new SerialLog(directory, () => _monitor!);
        _monitor = new GroundMonitor(SerialLog);
        _files = new GroundFiles(SerialLog.FilePath);
        try
        {
            if (kernel is not null)
            {
                _files.Kernel = KernelImage.Unpack(kernel, cache, directory);
                AgentFiles.WriteInitramfs(_files.Initramfs, _files.Share, kernel, cache, GroundModules.For(options));
                AgentFiles.WriteShare(_files.Share);
                _agent = new AgentClient(_files.AgentSocket, _files.Share, _monitor);
            }

            Qmp = new QmpClient(_files.QmpSocket, _files.Screen, _monitor);
            _process = EmulatorProcess.Start("QEMU", [qemu.Path, .. qemu.Arguments, .. QemuArguments.Machine(options, _files)], qemu.Environment, _monitor);
        }
        catch
        {
            Qmp?.Dispose();
            _agent?.Dispose();
            _files.Dispose();
            throw;
        }
    }

    /// <summary>QEMU's side: keys, pointer, screen, devices that come and go.</summary>
    public QmpClient Qmp { get; }

    /// <summary>What the machine wrote to its first serial port: the kernel's messages.</summary>
    public SerialLog SerialLog { get; }

    /// <summary>A folder that both sides read and write, at the same path. Everything in it is deleted with this object.</summary>
    public string SharedDirectory => _files.Share;

    /// <summary>The id of QEMU's process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts the machine and waits until commands can be run inside; one that boots a disk image only until QEMU answers.</summary>
    /// <exception cref="GuestsException">QEMU or the kernel cannot be had.</exception>
    /// <exception cref="ProvingGroundException">The machine does not start.</exception>
    public static ProvingGround Start(ProvingGroundOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var ground = new ProvingGround(options);
        try
        {
            ground.Qmp.Negotiate(options.BootPatience);
            ground._agent?.WaitUntilReady(options.BootPatience);
            if (ground._agent is not null)
                ground.SetClock();
        }
        catch
        {
            ground.Dispose();
            throw;
        }

        return ground;
    }

    /// <summary>Runs a command of the host's <c>/bin/sh</c> as root and waits for its end. One that is late is killed.</summary>
    /// <exception cref="ProvingGroundException">It did not end in time, or the machine died.</exception>
    public CommandResult Run(string command, TimeSpan patience) => StartCommand(command).WaitForExit(patience);

    /// <summary>As <see cref="Run"/>, for a command that must succeed.</summary>
    /// <returns>Its standard output.</returns>
    /// <exception cref="ProvingGroundException">It ended with another code than 0 or not at all.</exception>
    public string Require(string command, TimeSpan patience)
    {
        CommandResult result = Run(command, patience);
        return result.ExitCode == 0
            ? result.Output
            : throw new ProvingGroundException($"\"{command}\" ended with exit code {result.ExitCode}; its output:\n{result.Output}\nits errors:\n{result.Error}\n{SerialLog.Tail()}");
    }

    /// <summary>Starts a command that runs beside whatever else does.</summary>
    public GroundCommand StartCommand(string command) => Agent.Start(command);

    /// <summary>Loads modules of the kernel with all they depend on; those that are there already are left as they are.</summary>
    /// <exception cref="GuestsException">The kernel has no such module.</exception>
    /// <exception cref="ProvingGroundException">One cannot be loaded.</exception>
    public void LoadModules(params IEnumerable<string> names)
    {
        var commands = new List<string>();
        foreach (KernelModule module in new ModuleTree(PackageCache.Default().FetchKernel(Kernel).ModuleDirectory).Resolve(names))
        {
            string path = Path.Combine(SharedDirectory, module.Name + ".ko");
            File.WriteAllBytes(path, module.Content);
            commands.Add($"test -d /sys/module/{module.Name} || /run/ground/busybox insmod {ShellWord.Quote(path)}");
        }

        Require(string.Join(" && ", commands.Select(command => $"{{ {command}; }}").Append("true")), s_patience);
    }

    /// <summary>Waits until a condition holds that has to be looked at again and again.</summary>
    /// <param name="what">What is waited for, as a noun.</param>
    /// <exception cref="ProvingGroundException">It does not hold in time, or the machine died.</exception>
    public void WaitUntil(Func<bool> condition, TimeSpan patience, string what) => _monitor.Poll(condition, TimeSpan.FromMilliseconds(100), patience, what);

    /// <summary>Powers the machine off and waits for QEMU's end: at once by the agent, or as the power button does where there is none.</summary>
    /// <exception cref="ProvingGroundException">It does not end, or ends with an error.</exception>
    public void PowerOff()
    {
        if (_agent is null)
            Qmp.Execute("system_powerdown");
        else
            _agent.Send("poweroff 0");
        int? code = _process.WaitForExit(s_patience);
        if (code != 0)
            throw new ProvingGroundException($"QEMU {(code is null ? "has not ended" : $"ended with exit code {code}")} after power-off; {SerialLog.Tail()}");
    }

    /// <summary>Ends QEMU, whatever the machine is doing, and deletes its files except the serial log.</summary>
    public void Dispose()
    {
        _process.Dispose();
        Qmp.Dispose();
        _agent?.Dispose();
        _files.Dispose();
    }

    private AgentClient Agent => _agent ?? throw new InvalidOperationException("a machine that boots a disk image has no agent");

    /// <summary>
    /// The kernel starts from the real-time clock, which has whole seconds only. The command is told the time as late as can be: to load a
    /// program for the first time may take a second. The clock is late by no more than the command is; on a busy host that can be much, and it is told again.
    /// </summary>
    private void SetClock()
    {
        const int MostAttempts = 20;
        TimeSpan quick = TimeSpan.FromMilliseconds(300);
        GroundCommand clock = Agent.Start("date; while read -r now; do date -s \"$now\" > /dev/null; echo \"set $now\"; done");
        clock.WaitForOutput("\n", s_patience);
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            double seconds = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
            string now = string.Create(CultureInfo.InvariantCulture, $"@{seconds:F3}");
            clock.Type(now + "\n");
            clock.WaitForOutput($"set {now}", s_patience);
            if (Stopwatch.GetElapsedTime(start) < quick)
                break;
        }

        clock.Kill();
        clock.WaitForExit(s_patience);
    }
}
