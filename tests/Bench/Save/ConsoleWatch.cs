using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>Reads a guest's first serial port from a Unix socket, from before there is one, and notes when something came.</summary>
internal sealed class ConsoleWatch : IDisposable
{
    private const int KeptText = 1 << 16;
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(1);

    private readonly string _path;
    private readonly Thread _thread;
    private readonly object _sync = new();

    // Under _sync.
    private readonly StringBuilder _text = new();
    private readonly List<long> _arrivals = [];
    private volatile bool _isEnding;
    private volatile Socket? _socket;

    /// <param name="path">Where the socket is, or will be.</param>
    public ConsoleWatch(string path)
    {
        _path = path;
        _thread = new Thread(Run) { IsBackground = true, Name = "console watch", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Waits until the guest has written something.</summary>
    /// <returns>When it came, as <see cref="Stopwatch.GetTimestamp"/> has it.</returns>
    /// <exception cref="GuestsException">It did not.</exception>
    public long WaitForOutput(TimeSpan limit, CancellationToken cancellation)
    {
        WaitUntil(() => _arrivals.Count > 0, "anything", limit, cancellation);
        lock (_sync)
            return _arrivals[0];
    }

    /// <exception cref="GuestsException">The guest did not write it.</exception>
    public void WaitFor(string text, TimeSpan limit, CancellationToken cancellation) =>
        WaitUntil(() => _text.ToString().Contains(text, StringComparison.Ordinal), $"'{text}'", limit, cancellation);

    /// <summary>The longest time without output that overlaps a time.</summary>
    public TimeSpan LongestSilence(long from, long to)
    {
        lock (_sync)
            return LongestSilence(_arrivals, from, to);
    }

    /// <param name="arrivals">When something came, in order.</param>
    internal static TimeSpan LongestSilence(IReadOnlyList<long> arrivals, long from, long to)
    {
        long longest = 0;
        long before = from;
        foreach (long arrival in arrivals)
        {
            if (arrival > from)
                longest = Math.Max(longest, arrival - before);
            before = arrival;
            if (arrival > to)
                break;
        }

        return Stopwatch.GetElapsedTime(0, Math.Max(longest, to - before));
    }

    public void Dispose()
    {
        _isEnding = true;
        _socket?.Dispose();
        _thread.Join();
    }

    private void WaitUntil(Func<bool> isThere, string what, TimeSpan limit, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        lock (_sync)
        {
            while (!isThere())
            {
                cancellation.ThrowIfCancellationRequested();
                if (Stopwatch.GetElapsedTime(started) > limit)
                    throw new GuestsException($"the guest did not write {what} within {limit.TotalSeconds} s but: {LastWords()}");
                Monitor.Wait(_sync, TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private string LastWords()
    {
        string text = _text.ToString().Trim();
        return text[Math.Max(text.Length - 500, 0)..];
    }

    private void Run()
    {
        var buffer = new byte[4096];
        while (!_isEnding)
        {
            try
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.Connect(new UnixDomainSocketEndPoint(_path));
                _socket = socket;
                while (!_isEnding && socket.Receive(buffer) is > 0 and var count)
                    Take(buffer.AsSpan(0, count), Stopwatch.GetTimestamp());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Nobody listens yet, or not any more.
            }

            Thread.Sleep(s_retry);
        }
    }

    private void Take(ReadOnlySpan<byte> data, long time)
    {
        lock (_sync)
        {
            _arrivals.Add(time);
            _ = _text.Append(Encoding.Latin1.GetString(data));
            if (_text.Length > KeptText)
                _ = _text.Remove(0, _text.Length - (KeptText / 2));
            Monitor.PulseAll(_sync);
        }
    }
}
