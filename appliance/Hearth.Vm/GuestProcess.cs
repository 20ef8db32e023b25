using System.Globalization;
using System.Text;
using Hearth.Cpu.Software;
using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Storage;
using Hearth.Vm.Composition;
using Hearth.Vm.Hosting;
using Hearth.Vm.Input;
using Hearth.Vm.Running;
using Hearth.Vm.Saving;
using Hearth.Vm.Terminal;
using Hearth.Vm.Vsock;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Vm;

/// <summary>The process of one guest: reads its configuration, builds the machine, runs it, and tells how it ended.</summary>
internal static class GuestProcess
{
    private static readonly FileDescriptor s_error = new(2);

    private const string ProbeMode = "probe";
    private const string SealMode = "seal";

    /// <param name="arguments">
    /// The number of the descriptor that holds the configuration; after <c>probe</c> the engines are looked at for it, and no guest is run. After <c>seal</c>, that of the
    /// jail's socket: the jail is completed, and that is all. The supervisor gives a second number, the pace of this host's time-stamp counter, 0 where it does not know: to measure it takes a while.
    /// </param>
    /// <returns>The exit code; see <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments)
    {
        GuestOutcome outcome;
        if (arguments is [SealMode, var socket])
            return TrySeal(socket);
        bool isHosted = arguments is [not ProbeMode, _];
        EngineSelection.Prepare(isHosted ? arguments[1] : null);
        if (isHosted)
            JailSeal.Prepare();
        try
        {
            outcome = arguments is [ProbeMode, ..] ? Probe(ReadConfiguration(arguments[1..])) : RunGuest(ReadConfiguration(arguments));
        }
        catch (Exception error) when (error is MachineException or StorageException or SavedStateException or FormatException)
        {
            outcome = new GuestOutcome(ExitCode.Configuration, error.Message);
        }
        catch (Exception error) when (error is LinuxException or IOException)
        {
            outcome = new GuestOutcome(ExitCode.HostFault, error.Message);
        }

        if (outcome.Message is not null)
            Tell(outcome.Message);
        if (outcome.Report is not null)
            WriteError(outcome.Report);
        if (outcome.Statistics.Count != 0)
            WriteError(string.Concat(outcome.Statistics.Select(statistic => $"{statistic.Name,-40} {statistic.Value,20}\n")));
        if (outcome.Signal != 0)
            ProcessImage.DieBy(outcome.Signal);
        return outcome.ExitCode;
    }

    private static GuestConfiguration ReadConfiguration(string[] arguments)
    {
        if (arguments.Length is not (1 or 2) || !int.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            throw new FormatException("hearth-vm runs a guest for hearth: use `hearth vm run`");
        using var stream = new FileStream(new SafeFileHandle(number, ownsHandle: true), FileAccess.Read, 0);
        var json = new byte[Math.Min(stream.Length, GuestConfigurationJson.MaximumLength)];
        stream.Position = 0;
        stream.ReadExactly(json);
        return GuestConfigurationJson.Read(json);
    }

    private static GuestOutcome Probe(GuestConfiguration configuration)
    {
        using var output = new FileDescriptor(1);
        output.Write(EngineReportJson.Write(EngineProbe.Run(configuration)));
        return new GuestOutcome(ExitCode.Success);
    }

    private static GuestOutcome RunGuest(GuestConfiguration configuration)
    {
        using ExitPipe? exit = configuration.Hosting is null ? null : ExitPipe.TryOpen();
        if (configuration.Hosting?.Seal is { } seal)
            Seal(new FileDescriptor(seal), configuration);
        using var outputs = new GuestOutputs(configuration.Outputs);
        using SocketName? socket = configuration.Vsock is { } vsock ? new SocketName(vsock) : null;
        using var events = new MachineEvents();
        FileDescriptor[] screen = configuration.Hosting is null ? [] : ScreenOf(configuration);
        using GuestFile? save = configuration.Save is { } target ? new GuestFile(target) : null;
        using GuestBackends backends = GuestBackends.Open(configuration, () => events.Post(new MachineEvent(MachineEventKind.Quit)), Tell);
        OpenFile? from = configuration.Hosting?.Machine ?? configuration.Restore;
        using FileStream? saved = from is { } restore
            ? new FileStream(new SafeFileHandle(restore.Descriptor, ownsHandle: true), FileAccess.Read, 1 << 20)
            : null;
        DateTimeOffset? savedAt = saved is not null && configuration.Hosting is not null ? SavedMachine.ReadTime(saved) : null;
        SavedGuest? state = saved is null ? null : SavedGuest.Open(saved, from!.Name);
        var log = new DeviceLog(TimeProvider.System, configuration.Verbose ? line => WriteError($"hearth-vm: {line}\n") : _ => { });
        EngineOptions engine = EngineSelection.Choose(configuration, state?.Header);
        using var machine = new GuestMachine(configuration, engine, EngineSelection.Create, backends, events, log, state?.Header);
        using HostedGuest? hosted = configuration.Hosting is { } hosting
            ? new HostedGuest(machine, events, new ControlChannel(new FileDescriptor(hosting.Listener), () => events.Post(new MachineEvent(MachineEventKind.Order))), hosting, savedAt, screen, exit?.Reader)
            : null;
        if (hosted?.Open() == false)
            return new GuestOutcome(ExitCode.UserQuit);
        if (state is null)
            machine.PowerOn();
        else if (hosted is null)
            state.Restore(machine);
        else
            state.RestoreWithoutMemory(machine);
        if (engine.Note is { } note)
            Tell(note);

        // Nothing is printed from here to the end of the run but by the guest.
        using GuestTerminal? terminal = GuestTerminal.TryEnter(configuration);
        using var signals = new HostSignals(events, terminal);
        backends.StartInput();
        using InputSession hands = backends.Input.Start(machine.Clock);
        outputs.Start();
        GuestOutcome outcome = new GuestRun(machine, events, configuration.ExitOnReset, save, Tell, configuration.Watchdog ?? WatchdogAction.Reset, hosted).Run();
        hosted?.TellEnd(outcome.Cause, outcome.Message);
        backends.Display?.ShowLast();
        return outcome with { Statistics = configuration.Statistics ? [.. machine.Statistics(), .. outcome.Statistics] : [] };
    }

    /// <summary>From here on this process opens nothing and reaches nobody: before it looks at anything that a guest has had a hand in.</summary>
    private static void Seal(FileDescriptor socket, GuestConfiguration configuration)
    {
        _ = JailSeal.Complete(socket, GuestSystemCalls.Filter(allowsUserProcesses: configuration.Engine != "kvm" && configuration.Tier != "translate"));
    }

    private static int TrySeal(string socket)
    {
        try
        {
            Seal(new FileDescriptor(int.Parse(socket, NumberStyles.None, CultureInfo.InvariantCulture)), new GuestConfiguration());
            return ExitCode.Success;
        }
        catch (Exception error) when (error is LinuxException or FormatException)
        {
            Tell(error.Message);
            return ExitCode.HostFault;
        }
    }

    /// <summary>For the supervisor, which may come back as another process. Before the screen itself is opened, which closes what it does not need.</summary>
    private static FileDescriptor[] ScreenOf(GuestConfiguration configuration)
    {
        if (configuration.Display is not { Scanouts: [var scanout, ..] } display)
            return [];
        int[] numbers = [scanout.Picture, scanout.Wish, scanout.Ready, display.Wanted];
        return [.. numbers.Select(number => new FileDescriptor(number).Duplicate())];
    }

    private static void Tell(string sentence) => WriteError($"hearth: {sentence.TrimEnd('.')}.\n");

    // Not by Console: it takes the terminal's mode for its own, and the one that it would bring back may be the guest's raw one.
    private static void WriteError(string text)
    {
        try
        {
            s_error.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (LinuxException)
        {
            // Nobody listens; the exit code says enough.
        }
    }
}
