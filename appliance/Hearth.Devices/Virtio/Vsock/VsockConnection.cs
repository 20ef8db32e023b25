using Hearth.Machine;

namespace Hearth.Devices.Virtio.Vsock;

/// <summary>One connection: its two ends, what either has room for (virtio 1.2, section 5.10.6.3), and bytes of the guest's that the host's program has not taken yet.</summary>
/// <remarks>
/// <code>
/// the host asks  ── REQUEST ──► requested ── guest's RESPONSE ──┐
/// the guest asks ── REQUEST ── (a program waits) ── RESPONSE ───┴─► established ── both directions shut, all bytes handed on, or RST ──► gone
/// </code>
/// The device's lock is held in every call.
/// </remarks>
internal sealed class VsockConnection
{
    /// <summary>Bytes of the guest's that wait for a program at most; told to the guest as its credit.</summary>
    public const int BufferLength = 256 * 1024;

    private byte[]? _buffer;
    private int _start;
    private int _count;
    private uint _told;

    public VsockConnection(IVsockStream stream, uint hostPort, uint guestPort)
    {
        Stream = stream;
        HostPort = hostPort;
        GuestPort = guestPort;
    }

    public IVsockStream Stream { get; }

    public uint HostPort { get; }

    public uint GuestPort { get; }

    /// <summary>Both ends know of it.</summary>
    public bool IsEstablished { get; set; }

    /// <summary>Stands in the queue of those that have something for the guest.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The guest has forgotten it already; the program still gets the rest.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>The program has something to say, as far as is known.</summary>
    public bool HasInput { get; set; }

    /// <summary>The program says no more.</summary>
    public bool HostEnded { get; set; }

    /// <summary>Operations to send to the guest, a bit each by their number.</summary>
    public uint Pending { get; private set; }

    /// <summary>The flags of every SHUTDOWN of the guest's so far.</summary>
    public uint GuestShut { get; set; }

    /// <summary>The credit the guest told last.</summary>
    public uint PeerAllocation { get; set; }

    /// <inheritdoc cref="PeerAllocation"/>
    public uint PeerForwarded { get; set; }

    /// <summary>Bytes sent to the guest, counted up for ever.</summary>
    public uint Sent { get; set; }

    /// <summary>Bytes of the guest's that a program has taken, counted up for ever.</summary>
    public uint Forwarded { get; private set; }

    /// <summary>Bytes of the guest's that wait.</summary>
    public int Waiting => _count;

    /// <summary>Bytes the guest has room for. A guest that counts wrongly has none.</summary>
    public uint Credit
    {
        get
        {
            uint outstanding = Sent - PeerForwarded;
            return outstanding < PeerAllocation ? PeerAllocation - outstanding : 0;
        }
    }

    /// <summary>The program's bytes may go to the guest now.</summary>
    public bool CanSendData => HasInput && IsEstablished && !HostEnded && Credit != 0 && (GuestShut & VsockRegisters.ShutdownReceive) == 0;

    public bool HasWork => !IsOrphan && (Pending != 0 || CanSendData);

    public void Ask(VsockOperation operation) => Pending |= 1U << (int)operation;

    /// <summary>Takes the operation that is to be sent next; those with lower numbers come first.</summary>
    public bool TryTakePending(out VsockOperation operation)
    {
        operation = (VsockOperation)System.Numerics.BitOperations.TrailingZeroCount(Pending);
        bool any = Pending != 0;
        Pending &= Pending - 1;
        return any;
    }

    /// <summary>The counts that go with every packet to the guest; it knows them from then on.</summary>
    public uint TellForwarded()
    {
        Pending &= ~(1U << (int)VsockOperation.CreditUpdate);
        return _told = Forwarded;
    }

    /// <summary>Takes bytes from the guest: what a program does not take at once waits.</summary>
    /// <returns>False when the program is gone, or the guest sent more than it had credit for.</returns>
    public bool TryTake(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BufferLength - _count)
            return false;
        if (_count == 0)
        {
            int sent = Stream.Send(bytes);
            if (sent == IVsockStream.Ended)
                return false;
            NoteForwarded(sent);
            bytes = bytes[sent..];
        }

        if (bytes.IsEmpty)
            return true;
        _buffer ??= new byte[BufferLength];
        int end = (_start + _count) % BufferLength;
        int part = Math.Min(bytes.Length, BufferLength - end);
        bytes[..part].CopyTo(_buffer.AsSpan(end));
        bytes[part..].CopyTo(_buffer);
        _count += bytes.Length;
        return true;
    }

    /// <summary>Hands on what waits.</summary>
    /// <returns>False when the program is gone.</returns>
    public bool TryFlush()
    {
        while (_count != 0)
        {
            int sent = Stream.Send(_buffer.AsSpan(_start, Math.Min(_count, BufferLength - _start)));
            if (sent <= 0)
                return sent == 0;
            _start = (_start + sent) % BufferLength;
            _count -= sent;
            NoteForwarded(sent);
        }

        return true;
    }

    private void NoteForwarded(int bytes)
    {
        Forwarded += (uint)bytes;

        // Half of the buffer: a guest with less credit than that could come to a stop, one with more need not hear of it.
        if (Forwarded - _told >= BufferLength / 2)
            Ask(VsockOperation.CreditUpdate);
    }
}
