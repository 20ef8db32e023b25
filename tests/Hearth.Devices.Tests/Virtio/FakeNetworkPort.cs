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

    public int LastLength { get; private set; }

    public int Resumes { get; private set; }

    public ReadOnlySpan<byte> Last => _last.AsSpan(0, LastLength);

    public void Send(ReadOnlySpan<byte> frame)
    {
        Sent++;
        LastLength = frame.Length;
        if (_last.Length < frame.Length)
            _last = new byte[frame.Length];
        frame.CopyTo(_last);
    }

    public void Flush()
    {
        Flushes++;
        Flushed = Sent;
    }

    public void Connect(INetworkReceiver receiver) => Receiver = receiver;

    public void ResumeReceive() => Resumes++;
}
