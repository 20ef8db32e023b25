using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Network;

/// <summary>A virtio network device with one pair of queues (virtio 1.2, section 5.1).</summary>
/// <remarks>
/// No offload is offered: frames cross the port as they are on a wire, and the port has no place for the offload header.
/// Frames leave on the vCPU's thread, which the port never blocks, and arrive on the port's thread. A frame that finds no
/// buffer stays in the port until the guest adds some, and one for which the port has no room stays in its ring: the network
/// and the guest slow down instead of losing frames.
/// </remarks>
public sealed class VirtioNetworkDevice : VirtioDevice, INetworkReceiver
{
    /// <summary>The largest frame either way: a 64 KiB IP packet behind an Ethernet header with a VLAN tag.</summary>
    public const int MaximumFrame = 65535 + 18;

    private const ushort DeviceType = 1;
    private const uint EthernetClass = 0x020000;
    private const ushort QueueSize = 256;
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;

    private readonly INetworkPort _port;
    private readonly bool _hasMtu;
    private readonly DescriptorChain _transmitChain;
    private readonly DescriptorChain _firstChain;
    private readonly DescriptorChain _nextChain;
    private readonly byte[] _frame = new byte[MaximumFrame];
    private bool _linkUp = true;

    // What the guest was told; it lags behind the link while the machine is paused and after a restore.
    private bool _announcedUp = true;

    // A frame waits in the port: the next receive buffers must bring it in.
    private bool _starved;

    // The port has refused a frame: it and those behind it stay in the ring until there is room, whatever becomes of the ring meanwhile.
    private bool _congested;

    /// <param name="mtu">The largest IP packet the network takes, told to the guest; 0 says nothing, which means 1500.</param>
    public VirtioNetworkDevice(string name, INetworkPort port, MacAddress mac, ushort mtu, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, EthernetClass), [QueueSize, QueueSize], NetworkRegisters.ConfigurationLength, context)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (mtu is > 0 and < 68)
            throw new MachineException($"An MTU of {mtu} is below the 68 bytes that IPv4 needs.");
        _port = port;
        _hasMtu = mtu != 0;
        _transmitChain = new DescriptorChain(Ram, QueueSize);
        _firstChain = new DescriptorChain(Ram, QueueSize);
        _nextChain = new DescriptorChain(Ram, QueueSize);
        mac.CopyTo(Configuration[NetworkRegisters.Mac..]);
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration[NetworkRegisters.Mtu..], mtu);
        WriteLinkStatus();
        port.Connect(this);
    }

    protected override ulong DeviceFeatures => NetworkRegisters.FeatureMac | NetworkRegisters.FeatureStatus
        | NetworkRegisters.FeatureMergeBuffers | (_hasMtu ? NetworkRegisters.FeatureMtu : 0);

    public override void Notify(int queue)
    {
        lock (Sync)
        {
            AnnounceLinkLocked();
            if (queue == TransmitQueue)
                TransmitLocked();
            else
                OfferBuffersLocked();
        }
    }

    public bool TryReceive(ReadOnlySpan<byte> frame)
    {
        lock (Sync)
        {
            if ((Status & VirtioStatus.DriverOk) == 0 || !_linkUp)
                return true;
            Virtqueue queue = Queues[ReceiveQueue];
            if (IsLiveLocked)
            {
                int seen;
                do
                {
                    if (TryDeliverLocked(queue, frame, out seen))
                        return true;
                }
                while (IsLiveLocked && queue.EnableNotifications(seen));
            }

            _starved = true;
            return false;
        }
    }

    public void ResumeSend()
    {
        lock (Sync)
        {
            _congested = false;
            TransmitLocked();
        }
    }

    public void LinkChanged(bool up)
    {
        lock (Sync)
        {
            _linkUp = up;
            AnnounceLinkLocked();
        }
    }

    protected override void ResetDeviceLocked()
    {
        _announcedUp = _linkUp;
        WriteLinkStatus();
        ReleaseFrameLocked();
    }

    protected override void SaveDeviceLocked(IStateWriter to) => to.WriteBoolean(_announcedUp);

    protected override void RestoreDeviceLocked(IStateReader from)
    {
        _announcedUp = from.ReadBoolean();
        WriteLinkStatus();
        ReleaseFrameLocked();
    }

    private void AnnounceLinkLocked()
    {
        if (IsPausedLocked || _announcedUp == _linkUp)
            return;
        _announcedUp = _linkUp;
        WriteLinkStatus();
        ChangedConfigurationLocked();
    }

    private void OfferBuffersLocked()
    {
        if (!IsLiveLocked)
            return;

        // Until a frame finds no buffer there is nothing to do when the driver adds some.
        if (!_starved)
            Queues[ReceiveQueue].DisableNotifications();
        ReleaseFrameLocked();
    }

    /// <summary>Lets the port offer the frame it keeps.</summary>
    private void ReleaseFrameLocked()
    {
        if (!_starved)
            return;
        _starved = false;
        _port.ResumeReceive();
    }

    private void TransmitLocked()
    {
        Virtqueue queue = Queues[TransmitQueue];
        while (IsLiveLocked && !_congested)
        {
            if (TryPopLocked(queue, _transmitChain))
                SendLocked(queue);
            else if (!IsLiveLocked || !queue.EnableNotifications())
                break;
        }

        // The frames of a large packet come with one notification, and leave with one system call where the port can do that.
        _port.Flush();
        SignalIfLiveLocked(queue);
    }

    private void SendLocked(Virtqueue queue)
    {
        ulong readable = _transmitChain.ReadableLength;
        if (readable <= NetworkRegisters.HeaderLength || readable - NetworkRegisters.HeaderLength > MaximumFrame)
        {
            LogLocked("a frame has no bytes or too many", readable);
        }
        else if (_linkUp)
        {
            int length = _transmitChain.Read(NetworkRegisters.HeaderLength, _frame);
            _congested = !_port.TrySend(_frame.AsSpan(0, length));
            if (_congested)
            {
                queue.Unpop(1);
                return;
            }
        }

        queue.Push(_transmitChain.Head, 0);
    }

    /// <summary>Fills one buffer, or several when the driver merges them (section 5.1.6.4).</summary>
    /// <param name="seen">How many buffers there are when they are too few.</param>
    /// <returns>False when the buffers are too few; then none is used.</returns>
    private bool TryDeliverLocked(Virtqueue queue, ReadOnlySpan<byte> frame, out int seen)
    {
        seen = 0;
        if (!TryPopLocked(queue, _firstChain))
            return false;
        Span<byte> header = stackalloc byte[NetworkRegisters.HeaderLength];
        header.Clear();
        int done = _firstChain.Write(NetworkRegisters.HeaderLength, frame);
        bool merges = HasFeature(NetworkRegisters.FeatureMergeBuffers);
        if (_firstChain.WritableLength < NetworkRegisters.HeaderLength || (done < frame.Length && !merges))
        {
            queue.Unpop(1);
            LogLocked("a receive buffer is too small for the frame, which is lost", _firstChain.WritableLength);
            return true;
        }

        queue.Stage(_firstChain.Head, (uint)(NetworkRegisters.HeaderLength + done));
        ushort buffers = 1;
        while (done < frame.Length)
        {
            if (!TryPopLocked(queue, _nextChain))
            {
                queue.Unpop(buffers);
                seen = buffers;
                return false;
            }

            int part = _nextChain.Write(0, frame[done..]);
            queue.Stage(_nextChain.Head, (uint)part);
            done += part;
            buffers++;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(header[NetworkRegisters.HeaderBufferCount..], buffers);
        _firstChain.Write(0, header);
        queue.Publish();
        SignalLocked(queue);
        return true;
    }

    private void SignalIfLiveLocked(Virtqueue queue)
    {
        if (IsLiveLocked)
            SignalLocked(queue);
    }

    private void WriteLinkStatus() => BinaryPrimitives.WriteUInt16LittleEndian(
        Configuration[NetworkRegisters.Status..], _announcedUp ? NetworkRegisters.StatusLinkUp : (ushort)0);
}
