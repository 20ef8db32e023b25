using System.Net.Sockets;
using Hearth.Linux;

namespace Hearth.Switch;

/// <summary>
/// A learning Ethernet switch whose ports are Unix stream sockets, over which frames go as passt has them: each behind its length, 32 bits, big-endian. A port takes one
/// connection at a time.
/// </summary>
/// <remarks>
/// One thread. In each round every port with something to say is read from once, and its frames are put into the queues of other ports; then the queues are emptied as far as the
/// sockets take it. So nobody waits for more than what each port can say in one turn, whatever one of them does. A frame that finds no room is lost, as on a wire.
/// </remarks>
public sealed class VirtualSwitch : IDisposable
{
    private const ulong StopTag = ulong.MaxValue;
    private const ulong ListenerFlag = 1UL << 32;
    private const int TidyInterval = 10_000;

    /// <summary>Milliseconds in which the user is told the same thing of a port once.</summary>
    private const long Silence = 60_000;

    private readonly Poller _poller = new();
    private readonly EventDescriptor _stop = new();
    private readonly SwitchPort[] _ports;
    private readonly SwitchRules _rules;
    private readonly Action<string> _tell;
    private readonly long[] _toldSpoofed;
    private readonly long[] _toldBusy;
    private long _tidied;

    /// <param name="ports">Each with its listening socket, which is owned from now on.</param>
    /// <param name="tell">Takes a sentence for the user.</param>
    /// <exception cref="ArgumentException">The ports make no sense together.</exception>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public VirtualSwitch(IReadOnlyList<(SwitchPortOptions Options, SafeSocketHandle Listener)> ports, Action<string> tell)
    {
        ArgumentNullException.ThrowIfNull(ports);
        _tell = tell;
        _rules = new SwitchRules([.. ports.Select(port => port.Options)], Environment.TickCount64);
        _ports = [.. ports.Select((port, index) => new SwitchPort(index, port.Options, new Socket(port.Listener)))];
        _toldSpoofed = [.. _ports.Select(_ => -Silence)];
        _toldBusy = [.. _ports.Select(_ => -Silence)];
        _poller.Add(_stop.Number, PollEvents.Readable, StopTag);
        foreach (SwitchPort port in _ports)
            _poller.Add((int)port.Listener.Handle, PollEvents.Readable, ListenerFlag | (uint)port.Index);
    }

    /// <summary>Makes <see cref="Run"/> return; from any thread.</summary>
    public void Stop() => _stop.Signal();

    /// <summary>Forwards until it is stopped.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Run()
    {
        var ready = new PollResult[2 * SwitchRules.MostPorts];
        while (true)
        {
            int count = _poller.Wait(ready, TidyInterval);
            foreach (PollResult result in ready.AsSpan(0, count))
            {
                if (result.Tag == StopTag)
                    return;
                Serve(_ports[(uint)result.Tag], result);
            }

            foreach (SwitchPort port in _ports)
            {
                if (port.IsTouched)
                    Send(port);
            }

            Tidy(Environment.TickCount64);
        }
    }

    /// <summary>What was counted, a line for each port. While it is not running.</summary>
    public IEnumerable<string> Figures() => _ports.Select(port =>
        $"{port.Options.Name}: {port.CountOf(FrameVerdict.Forwarded)} forwarded, {port.Delivered} delivered, {port.Overflows} lost as the port was full, "
        + $"{port.CountOf(FrameVerdict.KeptApart)} kept apart, {port.CountOf(FrameVerdict.Spoofed)} spoofed, {port.CountOf(FrameVerdict.Storm)} too many for all, "
        + $"{port.CountOf(FrameVerdict.Unclaimed)} for nobody, {port.CountOf(FrameVerdict.Malformed)} malformed");

    public void Dispose()
    {
        foreach (SwitchPort port in _ports)
            port.Dispose();
        _stop.Dispose();
        _poller.Dispose();
    }

    private void Serve(SwitchPort port, in PollResult result)
    {
        if ((result.Tag & ListenerFlag) != 0)
        {
            Welcome(port);
            return;
        }

        // It may have gone in this very round.
        if (port.Peer is null)
            return;
        if ((result.Events & PollEvents.Writable) != 0)
            port.IsTouched = true;
        if ((result.Events & ~PollEvents.Writable) != 0)
            Receive(port);
    }

    private void Welcome(SwitchPort port)
    {
        Socket peer;
        try
        {
            peer = port.Listener.Accept();
        }
        catch (SocketException)
        {
            return;
        }

        // One at a time: a second guest is turned away, as passt does it.
        if (port.Peer is not null)
        {
            peer.Dispose();
            if (MayTell(ref _toldBusy[port.Index], Environment.TickCount64))
                _tell($"the port {port.Options.Name} is in use: another guest that wanted it was turned away");
            return;
        }

        port.Connect(peer);
        _poller.Add((int)peer.Handle, PollEvents.Readable, (uint)port.Index);
    }

    private void Receive(SwitchPort port)
    {
        bool isThere = port.TryReceive();
        long now = Environment.TickCount64;
        bool isBroken;
        while (port.TryTakeFrame(out ReadOnlySpan<byte> frame, out isBroken))
            Forward(port, frame, now);
        if (!isThere || isBroken)
            Disconnect(port);
    }

    private void Forward(SwitchPort from, ReadOnlySpan<byte> frame, long now)
    {
        FrameVerdict verdict = _rules.Judge(from.Index, frame, now, out ulong to);
        from.Count(verdict);
        if (verdict == FrameVerdict.Spoofed)
            TellSpoofed(from, frame, now);
        for (int index = 0; to != 0; index++, to >>= 1)
        {
            SwitchPort port = _ports[index];
            if ((to & 1) == 0 || port.Peer is null)
                continue;
            if (port.Out.TryAdd(from.Index, frame))
            {
                port.Delivered++;
                port.IsTouched = true;
            }
            else
            {
                port.Overflows++;
            }
        }
    }

    private void Send(SwitchPort port)
    {
        port.IsTouched = false;
        if (port.Peer is null)
            return;
        if (!port.TrySend())
        {
            Disconnect(port);
            return;
        }

        bool mustWait = !port.Out.IsEmpty;
        if (mustWait == port.AwaitsRoom)
            return;
        port.AwaitsRoom = mustWait;
        _poller.Change((int)port.Peer.Handle, PollEvents.Readable | (mustWait ? PollEvents.Writable : PollEvents.None), (uint)port.Index);
    }

    private void Disconnect(SwitchPort port)
    {
        _poller.Remove((int)port.Peer!.Handle);
        port.Disconnect();
        _rules.Disconnected(port.Index);
    }

    private void TellSpoofed(SwitchPort port, ReadOnlySpan<byte> frame, long now)
    {
        if (!MayTell(ref _toldSpoofed[port.Index], now))
            return;
        string allowed = port.Options.Address is { } address ? $"is of {address}" : "has the stations of no other port";
        _tell($"the port {port.Options.Name} {allowed}, and sent as {EthernetAddress.Read(frame[EthernetAddress.Length..])}");
    }

    private static bool MayTell(ref long told, long now)
    {
        if (now - told < Silence)
            return false;
        told = now;
        return true;
    }

    private void Tidy(long now)
    {
        if (now - _tidied < TidyInterval)
            return;
        _tidied = now;
        _rules.Expire(now);
    }
}
