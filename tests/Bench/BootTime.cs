using Hearth.Guests;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench;

/// <summary>One boot, from the start of the process.</summary>
/// <param name="Init">Until init's first line came out of the serial port.</param>
/// <param name="PowerOff">Until the process ended.</param>
internal sealed record BootTime(TimeSpan Init, TimeSpan PowerOff)
{
    /// <exception cref="GuestsException">The guest did not reach init, or the process failed.</exception>
    public static BootTime Measure(Contender contender)
    {
        TimeSpan? init = null;
        ConsoleRun run = ConsoleRun.Of(contender, (line, time) =>
        {
            if (init is null && line.Contains(InitramfsBuilder.InitMarker, StringComparison.Ordinal))
                init = time;
        });
        return run.ExitCode == 0 && init is { } reached
            ? new BootTime(reached, run.Elapsed)
            : throw new GuestsException($"{contender.Name} ended with exit code {run.ExitCode} after: {run.LastLine} {run.Errors}");
    }
}
