using Hearth.Machine;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>A network that keeps what was sent and counts requests to go on.</summary>
internal sealed class FakeNetworkPort : INetworkPort
{
    private byte[] _last = [];

    public INetworkReceiver? Receiver { get; private set; }

    public int Sent { get; private set; }

    /// <summary>How many frames there were at the last flush.</summary>
    public int Flushed { get; private set; }

    public int Flushes { get; private set; }

    /// <summary>Frames for which there was no room.</summary>
    public int Refused { get; private set; }

    public int LastLength { get; private set; }

    public int Resumes { get; private set; }

    public ReadOnlySpan<byte> Last => _last.AsSpan(0, LastLength);

    /// <summary>There is no room for what is sent.</summary>
    public bool IsFull { get; set; }

    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        Refused += IsFull ? 1 : 0;
        if (IsFull)
            return false;
        Sent++;
        LastLength = frame.Length;
        if (_last.Length < frame.Length)
            _last = new byte[frame.Length];
        frame.CopyTo(_last);
        return true;
    }

    public void Flush()
    {
        Flushes++;
        Flushed = Sent;
    }

    public void Connect(INetworkReceiver receiver) => Receiver = receiver;

    public void ResumeReceive() => Resumes++;
}
