using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Vsock;

/// <summary>A socket device (virtio 1.2, section 5.10): streams between ports of the guest and programs of the host, without a network.</summary>
/// <remarks>
/// <code>
/// vCPU ── TransmitLocked ──► connection ── at once, or when there is room ──► stream
/// guest's buffer ◄── PumpLocked: resets first, then each connection in turn ◄── stream, as far as the guest has credit
/// </code>
/// Answers that find no buffer wait as a bit of their connection, or in a short queue of resets; when that is full no packet is taken from the guest until
/// it gives buffers (section 5.10.6.1). Connections do not outlive a restore: the guest is told by the transport reset event.
/// </remarks>
public sealed class VirtioVsockDevice : VirtioDevice, IVsockGuest
{
    private const ushort DeviceType = 19;
    private const uint CommunicationClass = 0x078000;
    private const ushort QueueSize = 128;
    private const int MostResets = 64;

    // As much as Linux puts into one packet.
    private const int MaximumPayload = 64 * 1024;

    private readonly IVsockHost _host;
    private readonly ulong _guestCid;
    private readonly VsockConnections _connections = new();
    private readonly DescriptorChain _transmitChain;
    private readonly DescriptorChain _receiveChain;
    private readonly byte[] _payload = new byte[MaximumPayload];
    private readonly Queue<(uint HostPort, uint GuestPort)> _resets = new(MostResets + VsockConnections.Maximum);
    private bool _mustTellReset;

    /// <param name="guestCid">The guest's address, 3 to 0xFFFFFFFE.</param>
    public VirtioVsockDevice(string name, IVsockHost host, uint guestCid, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, CommunicationClass), [QueueSize, QueueSize, QueueSize], VsockRegisters.ConfigurationLength, context)
    {
        ArgumentNullException.ThrowIfNull(host);
        _host = host;
        _guestCid = guestCid;
        _transmitChain = new DescriptorChain(Ram, QueueSize);
        _receiveChain = new DescriptorChain(Ram, QueueSize);
        BinaryPrimitives.WriteUInt64LittleEndian(Configuration, guestCid);
        host.Connect(this);
    }

    protected override ulong DeviceFeatures => VsockRegisters.FeatureStream;

    public override void Notify(int queue)
    {
        lock (Sync)
        {
            if (queue == VsockRegisters.EventQueue)
            {
                TellResetLocked();
                return;
            }

            // Until everything was taken, or answers wait for buffers: what is left behind nobody announces again.
            bool isStalled;
            do
            {
                TransmitLocked();
                isStalled = _resets.Count >= MostResets;
                PumpLocked();
            }
            while (isStalled && _resets.Count < MostResets);
        }
    }

    public bool TryConnect(IVsockStream stream, uint port)
    {
        ArgumentNullException.ThrowIfNull(stream);
        lock (Sync)
        {
            if ((Status & VirtioStatus.DriverOk) == 0)
                return false;
            var connection = new VsockConnection(stream, _connections.NewHostPort(port), port);
            if (!_connections.TryAdd(connection))
                return false;
            connection.Ask(VsockOperation.Request);
            _connections.Enqueue(connection);
            PumpLocked();
            return true;
        }
    }

    public void Ready(IVsockStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        lock (Sync)
        {
            if (_connections.Of(stream) is not { } connection)
                return;
            connection.HasInput = true;
            FlushLocked(connection);
            PumpLocked();
        }
    }

    protected override void ResetDeviceLocked()
    {
        _connections.Clear();
        _resets.Clear();
        _mustTellReset = false;
    }

    /// <summary>Connections are not saved, only that there were some.</summary>
    protected override void SaveDeviceLocked(IStateWriter to) => to.WriteBoolean(_mustTellReset || _connections.Count != 0);

    protected override void RestoreDeviceLocked(IStateReader from)
    {
        _connections.Clear();
        _resets.Clear();
        _mustTellReset = from.ReadBoolean();
    }

    private void TransmitLocked()
    {
        Virtqueue queue = Queues[VsockRegisters.TransmitQueue];
        while (IsLiveLocked && _resets.Count < MostResets)
        {
            if (TryPopLocked(queue, _transmitChain))
            {
                TakePacketLocked();
                queue.Push(_transmitChain.Head, 0);
            }
            else if (!IsLiveLocked || !queue.EnableNotifications())
            {
                break;
            }
        }

        if (IsLiveLocked)
            SignalLocked(queue);
    }

    private void TakePacketLocked()
    {
        Span<byte> raw = stackalloc byte[VsockHeader.Size];
        if (_transmitChain.Read(0, raw) < VsockHeader.Size)
        {
            LogLocked("a packet is shorter than its header", _transmitChain.ReadableLength);
            return;
        }

        VsockHeader header = VsockHeader.Read(raw);
        if (header.SourceCid != _guestCid)
        {
            LogLocked("a packet is from an address that is not the guest's", header.SourceCid);
            return;
        }

        VsockConnection? connection = header.DestinationCid == VsockRegisters.HostCid && header.Type == VsockRegisters.TypeStream
            ? _connections.Find(header.DestinationPort, header.SourcePort)
            : null;
        if (connection is not null)
            TakeForConnectionLocked(connection, header);
        else if (header.Operation == VsockOperation.Request && header.DestinationCid == VsockRegisters.HostCid && header.Type == VsockRegisters.TypeStream)
            AcceptLocked(header);
        else if (header.Operation != VsockOperation.Reset)
            _resets.Enqueue((header.DestinationPort, header.SourcePort));
    }

    private void AcceptLocked(in VsockHeader header)
    {
        IVsockStream? stream = _connections.Count < VsockConnections.Maximum ? _host.Accept(header.DestinationPort, header.SourcePort) : null;
        if (stream is null)
        {
            _resets.Enqueue((header.DestinationPort, header.SourcePort));
            return;
        }

        var connection = new VsockConnection(stream, header.DestinationPort, header.SourcePort)
        {
            IsEstablished = true,
            HasInput = true,
            PeerAllocation = header.Allocation,
            PeerForwarded = header.Forwarded,
        };
        _connections.TryAdd(connection);
        connection.Ask(VsockOperation.Response);
        _connections.Enqueue(connection);
    }

    private void TakeForConnectionLocked(VsockConnection connection, in VsockHeader header)
    {
        connection.PeerAllocation = header.Allocation;
        connection.PeerForwarded = header.Forwarded;
        switch (header.Operation)
        {
            case VsockOperation.Response when !connection.IsEstablished:
                connection.IsEstablished = true;
                connection.HasInput = true;
                connection.Stream.Confirm(connection.HostPort);
                break;
            case VsockOperation.ReadWrite when connection.IsEstablished && TryTakeDataLocked(connection, header.Length):
                FlushLocked(connection);
                return;
            case VsockOperation.Shutdown when connection.IsEstablished:
                connection.GuestShut |= header.Flags & VsockRegisters.ShutdownBoth;
                FlushLocked(connection);
                return;
            case VsockOperation.CreditUpdate:
                break;
            case VsockOperation.CreditRequest:
                connection.Ask(VsockOperation.CreditUpdate);
                break;
            case VsockOperation.Reset when connection.Waiting != 0 && connection.GuestShut == VsockRegisters.ShutdownBoth:
                // Linux forgets a socket some seconds after it was closed; what it sent before is on its way all the same.
                _connections.Orphan(connection);
                return;
            default:
                EndLocked(connection, mustTell: header.Operation != VsockOperation.Reset);
                return;
        }

        _connections.Enqueue(connection);
    }

    private bool TryTakeDataLocked(VsockConnection connection, uint length)
    {
        bool isWhole = length <= MaximumPayload && _transmitChain.ReadableLength >= VsockHeader.Size + (ulong)length;
        if (!isWhole || (connection.GuestShut & VsockRegisters.ShutdownSend) != 0)
        {
            LogLocked("a packet has less data than it says, or more than it may", length);
            return false;
        }

        Span<byte> data = _payload.AsSpan(0, (int)length);
        _transmitChain.Read(VsockHeader.Size, data);
        return connection.TryTake(data);
    }

    /// <summary>Hands on what waits for the program, and ends what is at its end.</summary>
    private void FlushLocked(VsockConnection connection)
    {
        if (!connection.TryFlush())
        {
            EndLocked(connection, mustTell: !connection.IsOrphan);
            return;
        }

        if (connection.Waiting == 0 && connection.GuestShut == VsockRegisters.ShutdownBoth)
        {
            EndLocked(connection, mustTell: !connection.IsOrphan);
            return;
        }

        if (connection.Waiting == 0 && (connection.GuestShut & VsockRegisters.ShutdownSend) != 0)
            connection.Stream.EndSend();
        if (connection.Waiting != 0)
            connection.Stream.Await(input: !connection.HasInput && !connection.HostEnded, room: true);
        _connections.Enqueue(connection);
    }

    private void EndLocked(VsockConnection connection, bool mustTell)
    {
        _connections.Remove(connection);
        connection.Stream.Close();
        if (mustTell)
            _resets.Enqueue((connection.HostPort, connection.GuestPort));
    }

    /// <summary>Fills the guest's buffers with what there is for it.</summary>
    private void PumpLocked()
    {
        Virtqueue queue = Queues[VsockRegisters.ReceiveQueue];
        bool any = false;
        while (IsLiveLocked && (_resets.Count != 0 || _connections.HasWaiting))
        {
            if (!TryPopLocked(queue, _receiveChain))
            {
                if (!IsLiveLocked || !queue.EnableNotifications())
                    break;
                continue;
            }

            int written = FillLocked();
            if (written < 0)
            {
                queue.Unpop(1);
                break;
            }

            queue.Push(_receiveChain.Head, (uint)written);
            any = true;
        }

        if (any && IsLiveLocked)
            SignalLocked(queue);
    }

    /// <returns>Bytes written; -1 when there was nothing for the guest after all.</returns>
    private int FillLocked()
    {
        if (_receiveChain.WritableLength <= VsockHeader.Size)
        {
            LogLocked("a buffer has no room for a packet", _receiveChain.WritableLength);
            return 0;
        }

        if (_resets.TryDequeue(out (uint HostPort, uint GuestPort) ports))
            return WritePacketLocked(new VsockHeader(VsockRegisters.HostCid, _guestCid, ports.HostPort, ports.GuestPort, 0, VsockRegisters.TypeStream, VsockOperation.Reset, 0, 0, 0));
        while (_connections.HasWaiting)
        {
            VsockConnection connection = _connections.Dequeue();
            int written = FillLocked(connection);
            _connections.Enqueue(connection);
            if (written >= 0)
                return written;
        }

        return -1;
    }

    private int FillLocked(VsockConnection connection)
    {
        if (connection.IsOrphan)
            return -1;
        if (connection.TryTakePending(out VsockOperation operation))
            return WritePacketLocked(HeaderOf(connection, operation, 0, operation == VsockOperation.Shutdown ? VsockRegisters.ShutdownSend : 0));
        if (!connection.CanSendData)
            return -1;
        int most = (int)Math.Min(Math.Min(connection.Credit, _receiveChain.WritableLength - VsockHeader.Size), MaximumPayload);
        int count = connection.Stream.Receive(_payload.AsSpan(0, most));
        if (count > 0)
        {
            connection.Sent += (uint)count;
            int header = WritePacketLocked(HeaderOf(connection, VsockOperation.ReadWrite, (uint)count, 0));
            return header + _receiveChain.Write(VsockHeader.Size, _payload.AsSpan(0, count));
        }

        connection.HasInput = false;
        connection.HostEnded = count == IVsockStream.Ended;
        if (connection.HostEnded)
            connection.Ask(VsockOperation.Shutdown);
        else
            connection.Stream.Await(input: true, room: connection.Waiting != 0);
        return -1;
    }

    private int WritePacketLocked(in VsockHeader header)
    {
        Span<byte> raw = stackalloc byte[VsockHeader.Size];
        header.Write(raw);
        return _receiveChain.Write(0, raw);
    }

    private VsockHeader HeaderOf(VsockConnection connection, VsockOperation operation, uint length, uint flags) => new(
        VsockRegisters.HostCid,
        _guestCid,
        connection.HostPort,
        connection.GuestPort,
        length,
        VsockRegisters.TypeStream,
        operation,
        flags,
        VsockConnection.BufferLength,
        connection.TellForwarded());

    private void TellResetLocked()
    {
        Virtqueue queue = Queues[VsockRegisters.EventQueue];
        Span<byte> id = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(id, VsockRegisters.TransportReset);
        while (_mustTellReset && IsLiveLocked)
        {
            if (TryPopLocked(queue, _receiveChain))
            {
                queue.Push(_receiveChain.Head, (uint)_receiveChain.Write(0, id));
                _mustTellReset = false;
                SignalLocked(queue);
            }
            else if (!IsLiveLocked || !queue.EnableNotifications())
            {
                break;
            }
        }
    }
}
