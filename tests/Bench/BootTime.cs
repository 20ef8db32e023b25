using System.Diagnostics;
using Hearth.Guests;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench;

/// <summary>One boot, from the start of the process.</summary>
/// <param name="Init">Until init's first line came out of the serial port.</param>
/// <param name="PowerOff">Until the process ended.</param>
internal sealed record BootTime(TimeSpan Init, TimeSpan PowerOff)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    /// <exception cref="GuestsException">The guest did not reach init, or the process failed.</exception>
    public static BootTime Measure(Contender contender)
    {
        var start = new ProcessStartInfo(contender.Program, contender.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start) ?? throw new GuestsException($"{contender.Program} cannot be started");
        using var deadline = new CancellationTokenSource(s_patience);
        using CancellationTokenRegistration end = deadline.Token.Register(process.Kill);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        TimeSpan? init = null;
        string last = "";
        while (process.StandardOutput.ReadLine() is { } line)
        {
            last = line;
            if (init is null && line.Contains(InitramfsBuilder.InitMarker, StringComparison.Ordinal))
                init = Stopwatch.GetElapsedTime(began);
        }

        process.WaitForExit();
        TimeSpan powerOff = Stopwatch.GetElapsedTime(began);
        if (deadline.IsCancellationRequested)
            throw new GuestsException($"{contender.Name} did not end within {s_patience.TotalMinutes} minutes; its last line was: {last.Trim()}");
        if (process.ExitCode != 0 || init is null)
            throw new GuestsException($"{contender.Name} ended with exit code {process.ExitCode} after: {last.Trim()} {errors.Result.Trim()}");
        return new BootTime(init.Value, powerOff);
    }
}
