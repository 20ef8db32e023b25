using System.Buffers.Binary;
using System.Text;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Block;

/// <summary>A virtio block device with one queue and many requests in flight (virtio 1.2, section 5.2).</summary>
/// <remarks>
/// A request is parsed on the vCPU's thread that notified, which saves a hop, and handed to the backend, which never blocks
/// there; it ends on the backend's thread. The lock is held while rings are touched and never while data moves.
/// A guest is saved with nothing in flight: the save waits for the backend, so no request has to be repeated after a restore.
/// </remarks>
public sealed class VirtioBlockDevice : VirtioDevice, IBlockCompletion
{
    private const ushort DeviceType = 2;
    private const uint MassStorageClass = 0x018000;
    private const ushort QueueSize = 256;
    private const int TransferCount = 64;

    // A request's header and status byte take two descriptors of the queue.
    private const uint SegmentMaximum = QueueSize - 2;

    // Bounds a request, and with it the time that a pause waits for the disk.
    private const uint SegmentLength = 1 << 20;

    private readonly IBlockBackend _backend;
    private readonly byte[] _serial = new byte[BlockRegisters.SerialLength];
    private readonly BlockTransfer[] _transfers = new BlockTransfer[TransferCount];
    private readonly int[] _free = new int[TransferCount];
    private int _freeCount;
    private bool _starved;

    /// <param name="backend">The disk; used by this device alone.</param>
    /// <param name="serial">What the guest sees as the serial number, at most 20 ASCII characters.</param>
    public VirtioBlockDevice(string name, IBlockBackend backend, string serial, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, MassStorageClass), [QueueSize], BlockRegisters.ConfigurationLength, context)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(serial);
        if (serial.Length > BlockRegisters.SerialLength || !Ascii.IsValid(serial))
            throw new MachineException($"The disk serial number '{serial}' is not at most {BlockRegisters.SerialLength} ASCII characters.");
        _backend = backend;
        Encoding.ASCII.GetBytes(serial, _serial);
        for (int i = 0; i < TransferCount; i++)
        {
            _transfers[i] = new BlockTransfer(i, backend, this, Ram, QueueSize) { MaximumLength = SegmentLength * (ulong)SegmentMaximum };
            _free[_freeCount++] = TransferCount - 1 - i;
        }

        DescribeDisk();
    }

    protected override ulong DeviceFeatures => BlockRegisters.FeatureSizeMaximum | BlockRegisters.FeatureSegmentMaximum
        | BlockRegisters.FeatureBlockSize | BlockRegisters.FeatureFlush
        | (_backend.IsReadOnly ? BlockRegisters.FeatureReadOnly : BlockRegisters.FeatureWriteZeroes)
        | (_backend is { CanDiscard: true, IsReadOnly: false } ? BlockRegisters.FeatureDiscard : 0);

    internal override bool WaitsForDisk => true;

    public override void Notify(int queue)
    {
        while (TryTake() is { } transfer)
        {
            if (!IsPending(transfer))
                Finish(transfer);
        }
    }

    public void Complete(int tag, BlockStatus status)
    {
        BlockTransfer transfer = _transfers[tag];
        transfer.Result = status;

        // Submit has not returned yet: its caller goes on, which keeps the stack flat.
        if (Interlocked.Exchange(ref transfer.Phase, BlockTransfer.Completed) == BlockTransfer.Submitting)
            return;
        transfer.AcceptResult();
        if (Finish(transfer))
            Notify(0);
    }

    /// <summary>Takes the next request that can be worked on.</summary>
    private BlockTransfer? TryTake()
    {
        Virtqueue queue = Queues[0];
        lock (Sync)
        {
            if (!IsLiveLocked)
                return null;
            if (_freeCount == 0)
            {
                _starved = true;
                return null;
            }

            BlockTransfer transfer = _transfers[_free[_freeCount - 1]];
            while (!TryPopLocked(queue, transfer.Chain))
            {
                if (!IsLiveLocked || queue.IsResetPending || !queue.EnableNotifications())
                    return null;
            }

            if (transfer.Chain.ReadableLength < BlockRegisters.HeaderLength || transfer.Chain.WritableLength == 0)
            {
                BreakLocked("a request lacks its header or its status byte", transfer.Chain.Head);
                return null;
            }

            queue.DisableNotifications();
            _freeCount--;
            BeginLocked(queue);
            transfer.Begin(_serial);
            return transfer;
        }
    }

    /// <summary>Hands a request to the backend, if it has to do with it.</summary>
    /// <returns>True when it ends in <see cref="Complete"/>.</returns>
    private bool IsPending(BlockTransfer transfer)
    {
        if (!transfer.TryMakeRequest(out BlockRequest request))
            return false;
        Volatile.Write(ref transfer.Phase, BlockTransfer.Submitting);
        _backend.Submit(request);
        if (Interlocked.CompareExchange(ref transfer.Phase, BlockTransfer.Pending, BlockTransfer.Submitting) == BlockTransfer.Submitting)
            return true;
        transfer.AcceptResult();
        return false;
    }

    /// <summary>Hands a request back to the driver.</summary>
    /// <returns>True when another one waits for the room it took.</returns>
    private bool Finish(BlockTransfer transfer)
    {
        transfer.WriteStatus();
        lock (Sync)
        {
            bool starved = _starved;
            _starved = false;
            _free[_freeCount++] = transfer.Tag;
            EndLocked(Queues[0], transfer.Chain.Head, transfer.Written);
            return starved;
        }
    }

    private void DescribeDisk()
    {
        Span<byte> configuration = Configuration;
        BinaryPrimitives.WriteUInt64LittleEndian(configuration[BlockRegisters.Capacity..], _backend.Capacity / BlockRegisters.SectorLength);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[BlockRegisters.SizeMaximum..], SegmentLength);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[BlockRegisters.SegmentMaximum..], SegmentMaximum);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[BlockRegisters.BlockSize..], _backend.BlockSize);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[BlockRegisters.DiscardMaximumSectors..], BlockTransfer.MaximumRangeSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[BlockRegisters.DiscardMaximumSegments..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(
            configuration[BlockRegisters.DiscardAlignment..], _backend.BlockSize / BlockRegisters.SectorLength);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[BlockRegisters.WriteZeroesMaximumSectors..], BlockTransfer.MaximumRangeSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[BlockRegisters.WriteZeroesMaximumSegments..], 1);
    }
}
