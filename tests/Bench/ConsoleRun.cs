using System.ComponentModel;
using System.Diagnostics;
using Hearth.Guests;

namespace Hearth.Bench;

/// <summary>One run of a contender from the start of its process to the end.</summary>
/// <param name="LastLine">What its standard output said last.</param>
/// <param name="Errors">All of its standard error.</param>
internal sealed record ConsoleRun(int ExitCode, TimeSpan Elapsed, string LastLine, string Errors)
{
    /// <summary>How long a contender may say nothing.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    /// <param name="onLine">Called for every line of standard output, with the time since the start.</param>
    /// <exception cref="GuestsException">It cannot be started or fell silent.</exception>
    public static ConsoleRun Of(Contender contender, Action<string, TimeSpan> onLine)
    {
        var start = new ProcessStartInfo(contender.Program, contender.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = Start(start);
        using var deadline = new CancellationTokenSource(s_patience);
        using CancellationTokenRegistration end = deadline.Token.Register(() => process.Kill(entireProcessTree: true));
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string last = "";
        while (process.StandardOutput.ReadLine() is { } line)
        {
            deadline.CancelAfter(s_patience);
            last = line.Trim();
            onLine(last, Stopwatch.GetElapsedTime(began));
        }

        process.WaitForExit();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        return deadline.IsCancellationRequested
            ? throw new GuestsException($"{contender.Name} said nothing for {s_patience.TotalMinutes} minutes; its last line was: {last}")
            : new ConsoleRun(process.ExitCode, elapsed, last, errors.Result.Trim());
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new GuestsException($"{start.FileName} cannot be started");
        }
        catch (Win32Exception error)
        {
            throw new GuestsException($"{start.FileName} cannot be started: {error.Message}", error);
        }
    }
}
