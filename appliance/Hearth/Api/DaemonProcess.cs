using System.Runtime.InteropServices;
using System.Text;
using Hearth.House;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Running;
using Hearth.Store;

namespace Hearth.Api;

/// <summary>A process that is a daemon: from its start to its end, by `hearth down` or a signal.</summary>
internal static class DaemonProcess
{
    /// <summary>What is reported when it can be reached.</summary>
    public const string IsUp = "up";

    /// <summary>How long a start may keep guests from the processors: one that takes longer waits for a disk, or copies a store.</summary>
    private static readonly TimeSpan s_promptly = TimeSpan.FromSeconds(2);

    /// <param name="backup">A copy of the store to go on with; null for the store itself.</param>
    /// <param name="report">Takes <see cref="IsUp"/>, or a sentence about why it is not; null for who sees standard error.</param>
    /// <param name="runs">Makes what runs the guests.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(HomeFolder home, string? backup, FileDescriptor? report, Func<DaemonContext, Task<IGuestRuns>> runs)
    {
        try
        {
            home.Prepare();

            // Guests that are there already take all that the processors have, and wait for this one.
            var own = new OwnShare();
            using IDisposable share = own.Raise();
            using var promptly = new Timer(_ => RoundRobin.GiveUp(), null, s_promptly, Timeout.InfiniteTimeSpan);
            using var log = new DaemonLog(TimeProvider.System, report is null ? null : home.Log);
            Daemon daemon = await Daemon.StartAsync(new DaemonStart(home, runs, TimeProvider.System, log.Write) { Backup = backup, Share = own }).ConfigureAwait(false);
            await using (daemon.ConfigureAwait(false))
            {
                using PosixSignalRegistration terminate = EndOn(PosixSignal.SIGTERM, daemon, log);
                using PosixSignalRegistration interrupt = EndOn(PosixSignal.SIGINT, daemon, log);
                using PosixSignalRegistration hangUp = EndOn(PosixSignal.SIGHUP, daemon, log);
                log.Write($"hearth is up in {home.Path}");
                Report(report, IsUp);
                share.Dispose();
                RoundRobin.GiveUp();
                await daemon.Down.ConfigureAwait(false);
                log.Write("hearth is down");
            }

            return ExitCode.Success;
        }
        catch (Exception error) when (error is UsageException or StoreException or LinuxException or GuestRunException && report is not null)
        {
            Report(report, error.Message);
            return ExitCode.Configuration;
        }
        catch (Exception error) when (error is StoreException or GuestRunException)
        {
            throw new UsageException(error.Message, error);
        }
    }

    private static void Report(FileDescriptor? to, string sentence)
    {
        to?.Write(Encoding.UTF8.GetBytes($"{sentence}\n"));
        to?.Dispose();
    }

    /// <summary>A signal is `hearth down`: whoever sends it wants the machine. A guest that cannot be saved is told in the log, and runs on.</summary>
    private static PosixSignalRegistration EndOn(PosixSignal signal, Daemon daemon, DaemonLog log) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        _ = Task.Run(async () =>
        {
            try
            {
                await daemon.CloseAsync(keepsGuests: false).ConfigureAwait(false);
            }
            catch (Exception error) when (error is HouseException or StoreException)
            {
                log.Write(error.Message);
                await daemon.CloseAsync(keepsGuests: true).ConfigureAwait(false);
            }
        });
    });
}
