using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>
/// Listens to a guest's console past the supervisor, whatever process the guest has, and writes down what came when. On a thread of its own: the pool's may be busy with saves,
/// and what comes would seem late.
/// </summary>
internal sealed class ConsoleWatch : IDisposable
{
    // What was written before somebody listened comes at once, and tells nothing of times.
    private static readonly TimeSpan s_history = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(2);

    private readonly string _socket;
    private readonly Lock _lock = new();
    private readonly Thread _thread;

    // Under _lock.
    private readonly List<ConsoleLine> _lines = [];
    private readonly Dictionary<int, long> _firstOutputs = [];
    private int _connection;
    private Socket? _now;
    private bool _isEnding;

    public ConsoleWatch(string socket)
    {
        _socket = socket;
        _thread = new Thread(Watch) { IsBackground = true, Name = "console", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>The number of the connection now; before the first, 0.</summary>
    public int Connection
    {
        get
        {
            lock (_lock)
                return _connection;
        }
    }

    public IReadOnlyList<ConsoleLine> Lines
    {
        get
        {
            lock (_lock)
                return [.. _lines];
        }
    }

    /// <summary>Waits for the first byte of a connection behind this one.</summary>
    /// <returns>When it came.</returns>
    public async Task<long> WaitForOutputBehindAsync(int connection, CancellationToken cancellation)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_firstOutputs.Where(each => each.Key > connection).Select(each => (long?)each.Value).FirstOrDefault() is { } when)
                    return when;
            }

            await Task.Delay(s_pace, cancellation);
        }
    }

    /// <summary>Waits for lines that come from now on.</summary>
    public async Task WaitForLinesAsync(string text, int count, int seconds = 120)
    {
        long start = Stopwatch.GetTimestamp();
        while (Lines.Count(line => line.When > start && line.Text.Contains(text, StringComparison.Ordinal)) < count)
        {
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
                throw new TimeoutException($"{count} lines with '{text}' did not come, but\n{string.Join('\n', Lines.TakeLast(40).Select(line => line.Text))}");
            await Task.Delay(20);
        }
    }

    /// <summary>The longest time between two lines of one connection, of those that came in a span of time.</summary>
    /// <param name="settling">For so long after a process has begun to write its lines are not looked at.</param>
    public TimeSpan LongestGap(long from, long to, TimeSpan settling)
    {
        TimeSpan longest = TimeSpan.Zero;
        foreach (IGrouping<int, ConsoleLine> connection in Lines.Where(line => line.When >= from && line.When <= to).GroupBy(line => line.Connection))
        {
            ConsoleLine[] lines = [.. connection.Where(line => Stopwatch.GetElapsedTime(FirstOutputOf(line.Connection), line.When) > s_history + settling)];
            foreach ((ConsoleLine before, ConsoleLine after) in lines.Zip(lines.Skip(1)))
            {
                TimeSpan gap = Stopwatch.GetElapsedTime(before.When, after.When);
                longest = gap > longest ? gap : longest;
            }
        }

        return longest;
    }

    /// <summary>What is wrong with the lines of a clock (<see cref="SoakGuests.Clock"/>): of each process one number follows the other, and time does not go back.</summary>
    public IReadOnlyList<string> ClockFaults()
    {
        var faults = new List<string>();
        (int Connection, long Number, double Uptime) last = default;
        foreach (ConsoleLine line in Lines)
        {
            if (!TryReadTick(line.Text, out long number, out double uptime))
                continue;
            if (line.Connection == last.Connection && (number != last.Number + 1 || uptime < last.Uptime))
                faults.Add($"connection {line.Connection}: {line.Text} after tick {last.Number} {last.Uptime}");
            last = (line.Connection, number, uptime);
        }

        return faults;
    }

    public IReadOnlyList<string> LinesWith(string text) => [.. Lines.Select(line => line.Text).Where(line => line.Contains(text, StringComparison.Ordinal))];

    public void Dispose()
    {
        lock (_lock)
        {
            _isEnding = true;
            _now?.Dispose();
        }

        _thread.Join();
    }

    private static bool TryReadTick(string line, out long number, out double uptime)
    {
        (number, uptime) = (0, 0);
        return line.Split(' ') is ["tick", var first, var second] && second.EndsWith('.')
            && long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && double.TryParse(second[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out uptime);
    }

    private long FirstOutputOf(int connection)
    {
        lock (_lock)
            return _firstOutputs[connection];
    }

    private void Watch()
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            lock (_lock)
            {
                if (_isEnding)
                    return;
                _now = socket;
            }

            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(_socket));
                Read(socket);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                Thread.Sleep(s_pace);
            }
        }
    }

    private void Read(Socket socket)
    {
        int connection;
        lock (_lock)
            connection = ++_connection;
        var buffer = new byte[4096];
        var line = new StringBuilder();
        while (socket.Receive(buffer) is > 0 and var count)
        {
            long now = Stopwatch.GetTimestamp();
            lock (_lock)
            {
                _firstOutputs.TryAdd(connection, now);
                foreach (char letter in Encoding.UTF8.GetString(buffer, 0, count))
                {
                    if (letter != '\n')
                    {
                        line.Append(letter);
                        continue;
                    }

                    _lines.Add(new ConsoleLine(now, connection, line.ToString().TrimEnd('\r')));
                    line.Clear();
                }
            }
        }
    }
}
