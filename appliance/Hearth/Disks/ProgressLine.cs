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
        if (!_isTerminal || _watch.Elapsed < _next)
            return;
        _next = _watch.Elapsed + s_pace;
        _isShown = true;
        Write(string.Create(CultureInfo.InvariantCulture, $"\r{Math.Clamp(value, 0, 1):P0} {_verb}"));
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (_isShown)
            Write("\r\e[K");
        _isShown = false;
    }

    // The descriptor is the process's own and stays open.
    public void Dispose() => Clear();

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
