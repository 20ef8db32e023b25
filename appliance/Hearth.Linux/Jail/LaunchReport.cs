namespace Hearth.Linux.Jail;

/// <summary>What a <see cref="LaunchScript"/> told while it ran.</summary>
internal sealed class LaunchReport
{
    private readonly List<(LaunchStep Step, int ErrorNumber)> _failures = [];

    /// <summary>The process that the script started, beside the one it runs in; null when there is none.</summary>
    public int? Second { get; private set; }

    /// <summary>The step that ended the script; null when it came to its end.</summary>
    public (LaunchStep Step, int ErrorNumber)? Fatal { get; private set; }

    /// <summary>Steps of layers that are lacking now.</summary>
    public IEnumerable<(LaunchStep Step, int ErrorNumber)> Failures => _failures.Where(failure => failure.Step.Layer != JailLayers.None);

    /// <summary>Reads until nobody is left who could tell: the script has ended or become the program.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static LaunchReport Read(LaunchScript script, FileDescriptor pipe)
    {
        // Records are written whole (pipe(7), PIPE_BUF), but a read may end within one.
        var report = new LaunchReport();
        Span<byte> record = stackalloc byte[sizeof(ulong)];
        int filled = 0;
        for (int count = pipe.Read(record); count > 0; count = pipe.Read(record[filled..]))
        {
            filled += count;
            if (filled < record.Length)
                continue;
            report.Take(script, BitConverter.ToUInt32(record), BitConverter.ToInt32(record[sizeof(uint)..]));
            filled = 0;
        }

        return report;
    }

    private void Take(LaunchScript script, uint low, int errorNumber)
    {
        if (errorNumber == 0)
            Second = (int)low;
        else if (script.Find(low) is { } step && step.OnFailure is null)
            Fatal = (step, errorNumber);
        else if (script.Find(low) is { } other)
            _failures.Add((other, errorNumber));
    }
}
