using System.CommandLine;
using System.Globalization;
using System.Text;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.House;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Running;

namespace Hearth.Commands;

/// <summary><c>hearth up</c>: starts the daemon, as a process of its own session or in the foreground.</summary>
internal static class UpCommand
{
    private const string SetSid = "/usr/bin/setsid";
    private const int ReportNumber = 3;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(50);

    private static readonly Option<bool> s_foreground = new("--foreground") { Description = "Stay in this terminal until Ctrl-C, as service managers want it.", Arity = ArgumentArity.Zero };

    private static readonly Option<string> s_backup = new("--from-backup")
    {
        Description = "Go on with a copy of the store, from the folder backups or from before a migration. What is there is kept beside it.",
        HelpName = "FILE",
    };

    // For the process that this command starts; nobody types it.
    private static readonly Option<int?> s_report = new("--report-to") { Hidden = true };

    public static Command Build()
    {
        var command = new Command("up", "Start Hearth here: guests that were there when it went down come back.") { HomeOption.Instance, s_foreground, s_backup, s_report };
        command.SetAction(parsed =>
        {
            HomeFolder home = HomeOption.Read(parsed);
            string? backup = parsed.GetValue(s_backup) is { } file ? Path.GetFullPath(file) : null;
            if (parsed.GetValue(s_report) is { } number)
                return Become(home, backup, new FileDescriptor(number));
            return parsed.GetValue(s_foreground) ? Become(home, backup, null) : Start(home, backup);
        });
        return command;
    }

    // Apart: who only starts the process loads nothing of what is in it.
    private static int Become(HomeFolder home, string? backup, FileDescriptor? report)
    {
        // No folder of anybody's is kept busy by a daemon that was started there.
        if (report is not null)
            Environment.CurrentDirectory = home.Path;
        return DaemonProcess.RunAsync(home, backup, report, RunGuestsAsync).GetAwaiter().GetResult();
    }

    private static async Task<IGuestRuns> RunGuestsAsync(DaemonContext context)
    {
        var runs = new GuestRuns(context.Store, context.Home, context.Clock, context.Share, context.Log);
        await runs.TakeBackAsync().ConfigureAwait(false);
        return runs;
    }

    private static int Start(HomeFolder home, string? backup)
    {
        home.Prepare();
        string program = Environment.ProcessPath ?? throw new UsageException("the system does not say where the program hearth is: start it with --foreground");
        string[] more = backup is null ? [] : [s_backup.Name, backup];
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        using (near)
        {
            using (far)
            {
                string number = ReportNumber.ToString(CultureInfo.InvariantCulture);
                _ = ProcessImage.Spawn(SetSid, ["setsid", program, "up", HomeOption.Instance.Name, home.Path, s_report.Name, number, .. more], far, ReportNumber, isHeard: false);
            }

            string report = ReadReport(near);

            // The daemon has turns of its own.
            RoundRobin.GiveUp();
            if (report != DaemonProcess.IsUp)
                throw new UsageException(report.Length > 0 ? report : $"hearth ended before it was up: {home.Log} may tell why");
        }

        StandardOutput.Write($"Hearth is up in {home.Path}.\n{NextStepAsync(home).GetAwaiter().GetResult()}");
        return ExitCode.Success;
    }

    private static string ReadReport(FileDescriptor from)
    {
        var report = new List<byte>();
        var buffer = new byte[512];
        while (Descriptors.WaitReadable(from, s_patience))
        {
            int count = from.Read(buffer);
            if (count == 0)
                return Encoding.UTF8.GetString([.. report]).TrimEnd('\n');
            report.AddRange(buffer.AsSpan(0, count));
        }

        throw new UsageException($"hearth is not up after {s_patience.TotalSeconds} seconds: `hearth status` tells whether it is later");
    }

    /// <summary>Waits until guests are back that were there before, and tells how that went.</summary>
    private static async Task<string> NextStepAsync(HomeFolder home)
    {
        using var client = new ApiClient(home);
        StatusMessage status;
        long start = TimeProvider.System.GetTimestamp();
        while ((status = await client.GetAsync("/v1/status", ApiJson.Client.StatusMessage)).Opening)
        {
            if (TimeProvider.System.GetElapsedTime(start) > s_patience)
                return "Guests are still coming back: `hearth status` tells how far they are.\n";
            await Task.Delay(s_pace);
        }

        if (status.Guests == 0)
            return "There is no guest yet: `hearth guest add NAME --disk FILE` brings one, and `hearth guest start NAME` starts it.\n";
        EventMessage[] events = await client.GetAsync("/v1/events?limit=100", ApiJson.Client.EventMessageArray);
        IEnumerable<string> failed = events.SkipWhile(each => each.Time < status.Since).Where(each => each.Kind == Household.StartFailed).Select(each => $"{each.Sentence}.\n");
        return $"{string.Concat(failed)}{status.Running} of {status.Guests} guests run: `hearth status` tells what is there.\n";
    }
}
