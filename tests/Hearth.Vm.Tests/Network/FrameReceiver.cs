using Hearth.Machine;

namespace Hearth.Vm.Tests.Network;

/// <summary>A NIC that keeps the frames it takes and can refuse them.</summary>
internal sealed class FrameReceiver : INetworkReceiver
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly object _gate = new();
    private readonly List<byte[]> _frames = [];
    private bool _linkUp = true;
    private int _refused;
    private int _resumes;

    /// <summary>Refuses frames, as a guest without buffers does.</summary>
    public bool Refuses { get; set; }

    /// <summary>How often it was told that there is room.</summary>
    public int Resumes
    {
        get
        {
            lock (_gate)
                return _resumes;
        }
    }

    public int Refused
    {
        get
        {
            lock (_gate)
                return _refused;
        }
    }

    public bool TryReceive(ReadOnlySpan<byte> frame)
    {
        lock (_gate)
        {
            if (Refuses)
            {
                _refused++;
                Monitor.PulseAll(_gate);
                return false;
            }

            _frames.Add(frame.ToArray());
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    public void ResumeSend()
    {
        lock (_gate)
        {
            _resumes++;
            Monitor.PulseAll(_gate);
        }
    }

    public void LinkChanged(bool up)
    {
        lock (_gate)
        {
            _linkUp = up;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for a frame that <paramref name="match"/> likes.</summary>
    public byte[] WaitFor(Func<byte[], bool> match)
    {
        lock (_gate)
        {
            while (!_frames.Exists(new Predicate<byte[]>(match)))
                Assert.True(Monitor.Wait(_gate, s_patience), "The frame did not come.");
            return _frames.Find(new Predicate<byte[]>(match))!;
        }
    }

    public int WaitForFrames(int count)
    {
        lock (_gate)
        {
            while (_frames.Count < count)
                Assert.True(Monitor.Wait(_gate, s_patience), "The frames did not come.");
            return _frames.Count;
        }
    }

    public void WaitForRefusal()
    {
        lock (_gate)
        {
            while (_refused == 0)
                Assert.True(Monitor.Wait(_gate, s_patience), "No frame was offered.");
        }
    }

    /// <summary>Waits until there is room for frames.</summary>
    public void WaitForResume()
    {
        lock (_gate)
        {
            while (_resumes == 0)
                Assert.True(Monitor.Wait(_gate, s_patience), "There is never room.");
        }
    }

    public void WaitForLinkDown()
    {
        lock (_gate)
        {
            while (_linkUp)
                Assert.True(Monitor.Wait(_gate, s_patience), "The link stayed up.");
        }
    }
}
