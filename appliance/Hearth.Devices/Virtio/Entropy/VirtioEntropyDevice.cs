using Hearth.Machine;

namespace Hearth.Devices.Virtio.Entropy;

/// <summary>A virtio entropy device: fills the buffers a guest offers with random bytes (virtio 1.2, section 5.4).</summary>
public sealed class VirtioEntropyDevice : VirtioDevice
{
    private const ushort DeviceType = 4;
    private const uint OtherClass = 0x00FF00;
    private const ushort QueueSize = 64;

    // A guest asks for some dozen bytes; one that asks for gigabytes gets a part, which the specification allows.
    private const int MaximumFill = 64 * 1024;
    private const int StepLength = 4096;

    private readonly IEntropySource _source;
    private readonly DescriptorChain _chain;
    private readonly byte[] _bytes = new byte[StepLength];

    public VirtioEntropyDevice(string name, IEntropySource source, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, OtherClass), [QueueSize], 0, context)
    {
        ArgumentNullException.ThrowIfNull(source);
        _source = source;
        _chain = new DescriptorChain(Ram, QueueSize);
    }

    protected override ulong DeviceFeatures => 0;

    public override void Notify(int queue)
    {
        lock (Sync)
        {
            Virtqueue requests = Queues[0];
            while (IsLiveLocked)
            {
                if (TryPopLocked(requests, _chain))
                    requests.Push(_chain.Head, FillLocked());
                else if (!IsLiveLocked || !requests.EnableNotifications())
                    break;
            }

            if (IsLiveLocked)
                SignalLocked(requests);
        }
    }

    private uint FillLocked()
    {
        int total = (int)Math.Min(_chain.WritableLength, MaximumFill);
        if (total == 0)
            LogLocked("a request has no room for random bytes", _chain.Head);
        for (int done = 0; done < total; done += StepLength)
        {
            Span<byte> step = _bytes.AsSpan(0, Math.Min(StepLength, total - done));
            _source.Fill(step);
            _chain.Write((ulong)done, step);
        }

        return (uint)total;
    }
}
