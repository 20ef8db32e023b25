using System.Buffers.Binary;
using System.Net.Sockets;

namespace Hearth.Switch;

/// <summary>A port: its listening socket, whoever is connected, the frames on their way, and what was counted. Used by one thread.</summary>
internal sealed class SwitchPort : IDisposable
{
    /// <summary>A 64 KiB IP packet behind an Ethernet header with a VLAN tag.</summary>
    public const int MaximumFrame = 65535 + 18;

    private const int LengthPrefix = sizeof(uint);
    private const int InLength = 128 * 1024;

    private readonly byte[] _in = new byte[InLength];
    private readonly long[] _verdicts = new long[Enum.GetValues<FrameVerdict>().Length];
    private int _inStart;
    private int _inEnd;

    /// <param name="listener">Listens; owned from now on.</param>
    public SwitchPort(int index, SwitchPortOptions options, Socket listener)
    {
        Index = index;
        Options = options;
        Listener = listener;
        listener.Blocking = false;
    }

    public int Index { get; }

    public SwitchPortOptions Options { get; }

    public Socket Listener { get; }

    /// <summary>null while nobody is connected.</summary>
    public Socket? Peer { get; private set; }

    /// <summary>Frames to the one that is connected.</summary>
    public FrameQueue Out { get; } = new();

    /// <summary>The socket was full: it is waited for.</summary>
    public bool AwaitsRoom { get; set; }

    /// <summary>Something was put into <see cref="Out"/> since it was last sent from.</summary>
    public bool IsTouched { get; set; }

    /// <summary>Frames that found no room on their way to this port.</summary>
    public long Overflows { get; set; }

    /// <summary>Frames sent to the one that is connected.</summary>
    public long Delivered { get; set; }

    public long CountOf(FrameVerdict verdict) => _verdicts[(int)verdict];

    public void Count(FrameVerdict verdict) => _verdicts[(int)verdict]++;

    public void Connect(Socket peer)
    {
        peer.Blocking = false;
        Peer = peer;
    }

    public void Disconnect()
    {
        Peer?.Dispose();
        Peer = null;
        Out.Clear();
        AwaitsRoom = false;
        IsTouched = false;
        _inStart = 0;
        _inEnd = 0;
    }

    /// <summary>Takes what there is, as much as fits: the others have their turn then.</summary>
    /// <returns>False when the other side is gone.</returns>
    public bool TryReceive()
    {
        _in.AsSpan(_inStart, _inEnd - _inStart).CopyTo(_in);
        _inEnd -= _inStart;
        _inStart = 0;
        int count = Peer!.Receive(_in.AsSpan(_inEnd), SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
            return true;
        _inEnd += Math.Max(count, 0);
        return error == SocketError.Success && count != 0;
    }

    /// <summary>Takes the next whole frame of what was received.</summary>
    /// <param name="isBroken">The stream makes no sense: there is no such length.</param>
    public bool TryTakeFrame(out ReadOnlySpan<byte> frame, out bool isBroken)
    {
        frame = default;
        isBroken = false;
        ReadOnlySpan<byte> stream = _in.AsSpan(_inStart, _inEnd - _inStart);
        if (stream.Length < LengthPrefix)
            return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(stream);
        isBroken = length is 0 or > MaximumFrame;
        if (isBroken || stream.Length - LengthPrefix < (int)length)
            return false;
        frame = stream.Slice(LengthPrefix, (int)length);
        _inStart += LengthPrefix + (int)length;
        return true;
    }

    /// <summary>Sends what the socket takes.</summary>
    /// <returns>False when the other side is gone.</returns>
    public bool TrySend()
    {
        while (!Out.IsEmpty)
        {
            int sent = Peer!.Send(Out.Next, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success)
                return error == SocketError.WouldBlock;
            Out.Remove(sent);
        }

        return true;
    }

    public void Dispose()
    {
        Disconnect();
        Listener.Dispose();
    }
}
