using System.Diagnostics;
using System.Globalization;
using System.Text;
using Hearth.Linux;

namespace Hearth.Disks;

/// <summary>One line on a terminal that says how far something is, once it has taken a second. Elsewhere nothing is written.</summary>
internal sealed class ProgressLine : IProgress<double>, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);

    private readonly string _verb;
    private readonly FileDescriptor _terminal = new(2);
    private readonly bool _isTerminal;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private Timer? _later;
    private TimeSpan _next = s_patience;
    private bool _isShown;

    /// <param name="verb">What has been done to the share: <c>copied</c>.</param>
    public ProgressLine(string verb)
    {
        _verb = verb;
        _isTerminal = TerminalScreen.Width(_terminal) is not null;
    }

    public void Report(double value)
    {
        lock (_lock)
        {
            if (!_isTerminal || _watch.Elapsed < _next)
                return;
            _next = _watch.Elapsed + s_pace;
            Show(string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(value, 0, 1):P0} {_verb}"));
        }
    }

    /// <summary>Says what is going on, where that takes a second and nobody can tell how far it is.</summary>
    /// <param name="text">Without dots.</param>
    public void SayLater(string text)
    {
        if (_isTerminal)
            _later = new Timer(_ => Say(text), null, s_patience, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _later?.Dispose();
            _later = null;
            if (_isShown)
                Write("\r\e[K");
            _isShown = false;
        }
    }

    // The descriptor is the process's own and stays open.
    public void Dispose() => Clear();

    private void Say(string text)
    {
        lock (_lock)
        {
            if (_later is not null && !_isShown)
                Show($"{text} …");
        }
    }

    private void Show(string text)
    {
        _isShown = true;
        Write($"\r{text}");
    }

    private void Write(string text)
    {
        try
        {
            _terminal.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (LinuxException)
        {
            // Nobody looks.
        }
    }
}
