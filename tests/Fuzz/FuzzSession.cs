using System.Diagnostics;
using Hearth.Fuzz.Forms;
using Hearth.Fuzz.Guest;
using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.Runs;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz;

/// <summary>One run of the program: the work is split over threads, each with an oracle and subjects of its own.</summary>
internal sealed class FuzzSession(FuzzOptions options)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    public RunReport Report { get; } = new(options.Groups);

    /// <exception cref="OracleException">The host does not allow tracing.</exception>
    public void Run()
    {
        int workers = options.Test is null ? options.Workers : 1;
        var failures = new Exception?[workers];
        Thread[] threads = [.. Enumerable.Range(0, workers).Select(number => new Thread(() => failures[number] = Guard(() => Work(number, workers))))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        if (failures.FirstOrDefault(failure => failure is not null) is { } first)
            throw new OracleException(first.Message, first);
    }

    private void Work(int worker, int workers)
    {
        using var oracle = new NativeProcessor();
        IReadOnlyList<IProcessor> subjects = options.Self ? [new NativeProcessor()] : Subjects.Create();
        try
        {
            if (options.Forms)
                RunForms(new FormRun(oracle, subjects, Report), worker, workers);
            else
                RunPrograms(new SequenceRun(oracle, subjects, Report), worker, workers);
        }
        finally
        {
            foreach (IProcessor subject in subjects)
                subject.Dispose();
        }
    }

    private void RunForms(FormRun run, int worker, int workers)
    {
        Form[] forms = [.. FormCatalogue.All.Where(form => form.ToString().Contains(options.Filter, StringComparison.OrdinalIgnoreCase))];
        if (options.Test is { } test)
            run.RunOne(forms.First(form => form.ToString() == options.Filter), test);
        else
            run.Run(forms.Where((_, index) => index % workers == worker), options.Tests, options.Seed, IsOver);
    }

    private void RunPrograms(SequenceRun run, int worker, int workers)
    {
        if (options.Test is { } test)
        {
            run.RunOne(test);
            return;
        }

        long share = (options.Programs + workers - 1) / workers;
        long first = worker * share;
        run.Run(first, Math.Min(share, options.Programs - first), options.Seed, IsOver);
    }

    private bool IsOver() => _watch.Elapsed > options.Limit;

    /// <summary>A thread's exceptions end up with the one that waits for it.</summary>
    private static Exception? Guard(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception exception) when (exception is OracleException or Hearth.Linux.LinuxException)
        {
            return exception;
        }
    }
}
