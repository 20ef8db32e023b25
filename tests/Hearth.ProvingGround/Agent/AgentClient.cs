using System.Globalization;

namespace Hearth.Proving.Agent;

/// <summary>The host's side of agent.sh, which has the protocol.</summary>
internal sealed class AgentClient : IDisposable
{
    private readonly GroundMonitor _monitor;
    private readonly LineSocket _socket;
    private readonly Dictionary<int, int> _exitCodes = [];
    private int _last;
    private bool _isReady;

    /// <param name="socket">A path to which QEMU connects the agent's port.</param>
    /// <param name="share">The shared folder, at the same path inside.</param>
    public AgentClient(string socket, string share, GroundMonitor monitor)
    {
        _monitor = monitor;
        Share = share;
        _socket = new LineSocket(socket, Receive);
    }

    public string Share { get; }

    public void WaitUntilReady(TimeSpan patience) => _monitor.WaitUntil(() => _isReady, patience, "the agent's first word");

    public GroundCommand Start(string command)
    {
        int number = Interlocked.Increment(ref _last);
        var started = new GroundCommand(this, _monitor, number, command);
        Send($"start {number}");
        return started;
    }

    public void Send(string line) => _socket.Send(line);

    /// <summary>Null as long as the command runs. To be called under the monitor.</summary>
    public int? ExitCodeLocked(int number) => _exitCodes.TryGetValue(number, out int code) ? code : null;

    public void Dispose() => _socket.Dispose();

    private void Receive(string line)
    {
        switch (line.Split(' '))
        {
            case ["ready"]:
                _monitor.Update(() => _isReady = true);
                break;
            case ["ended", string number, string code]:
                _monitor.Update(() => _exitCodes[Number(number)] = Number(code));
                break;
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
