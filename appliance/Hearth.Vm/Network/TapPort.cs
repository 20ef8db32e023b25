using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Network;

/// <summary>A network of the host through a tap interface. There is no offload header: frames cross as they are on a wire.</summary>
/// <remarks>
/// A frame of the guest's that the host does not take is lost. A frame for which the guest has no buffer waits, with those behind it in the interface's queue. Lock order: the NIC's lock,
/// then <see cref="_sync"/>; the NIC is called with no lock held.
/// </remarks>
public sealed class TapPort : INetworkPort, IDisposable
{
    private const int MaximumFrame = 65535 + 18;

    // The interface says that it is ready, with nothing to read, for as long as somebody has taken it down.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly TapInterface _tap;
    private readonly EventDescriptor _stop = new();
    private readonly object _sync = new();
    private readonly byte[] _frame = new byte[MaximumFrame];
    private readonly Thread _reader;
    private INetworkReceiver? _receiver;
    private long _dropped;

    // Guarded by _sync.
    private bool _resumed;
    private bool _ended;

    /// <param name="tap">Owned from now on.</param>
    public TapPort(TapInterface tap)
    {
        _tap = tap;
        _reader = new Thread(ReadFrames) { IsBackground = true, Name = "tap receive" };
    }

    /// <summary>Frames of the guest's that the host did not take.</summary>
    public long DroppedFrames => Interlocked.Read(ref _dropped);

    /// <summary>Connects the NIC and starts to receive.</summary>
    public void Connect(INetworkReceiver receiver)
    {
        _receiver = receiver;
        _reader.Start();
    }

    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        // Nothing tells when the host would take it.
        if (!_tap.TryWrite(frame))
            Interlocked.Increment(ref _dropped);
        return true;
    }

    public void Flush()
    {
        // A tap interface takes a frame with each call.
    }

    public void ResumeReceive()
    {
        lock (_sync)
        {
            _resumed = true;
            Monitor.PulseAll(_sync);
        }
    }

    public void Dispose()
    {
        lock (_sync)
        {
            _ended = true;
            Monitor.PulseAll(_sync);
        }

        _stop.Signal();
        if (_reader.IsAlive)
            _reader.Join();
        _tap.Dispose();
        _stop.Dispose();
    }

    private void ReadFrames()
    {
        while (!Descriptors.WaitReadable(_tap.File, _stop).Second)
        {
            int length = _tap.Read(_frame);
            if (length == 0)
                Thread.Sleep(s_pause);
            else if (!TryDeliver(_frame.AsSpan(0, length)))
                return;
        }
    }

    /// <returns>False when the port was closed.</returns>
    private bool TryDeliver(ReadOnlySpan<byte> frame)
    {
        while (true)
        {
            lock (_sync)
                _resumed = false;
            if (_receiver!.TryReceive(frame))
                return true;
            lock (_sync)
            {
                while (!_resumed && !_ended)
                    Monitor.Wait(_sync);
                if (_ended)
                    return false;
            }
        }
    }
}
