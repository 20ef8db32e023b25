using Hearth.Devices.Virtio;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>The smallest device: copies what a buffer holds into the room behind it; can also keep buffers for later.</summary>
internal sealed class EchoDevice(DeviceContext context) : VirtioDevice("echo", new VirtioIdentity(42, 0x00FF00), [64], 4, context)
{
    private readonly DescriptorChain _chain = new(context.Ram, 64);
    private readonly byte[] _bytes = new byte[4096];
    private readonly Queue<ushort> _kept = new();

    /// <summary>Buffers are taken and end only with <see cref="Finish"/>, as a slow backend does it.</summary>
    public bool KeepsBuffers { get; set; }

    protected override ulong DeviceFeatures => 1;

    public override void Notify(int queue)
    {
        lock (Sync)
        {
            while (IsLiveLocked)
            {
                if (TryPopLocked(Queues[0], _chain))
                    TakeLocked();
                else if (!IsLiveLocked || !Queues[0].EnableNotifications())
                    break;
            }
        }
    }

    public void Finish()
    {
        lock (Sync)
            EndLocked(Queues[0], _kept.Dequeue(), 0);
    }

    public void ChangeConfiguration()
    {
        lock (Sync)
        {
            Configuration[0]++;
            ChangedConfigurationLocked();
        }
    }

    protected override void ResetDeviceLocked() => Configuration.Clear();

    protected override void SaveDeviceLocked(IStateWriter to) => to.WriteByte(Configuration[0]);

    protected override void RestoreDeviceLocked(IStateReader from) => Configuration[0] = from.ReadByte();

    private void TakeLocked()
    {
        BeginLocked(Queues[0]);
        if (KeepsBuffers)
        {
            _kept.Enqueue(_chain.Head);
            return;
        }

        int length = _chain.Read(0, _bytes);
        EndLocked(Queues[0], _chain.Head, (uint)_chain.Write(0, _bytes.AsSpan(0, length)));
    }
}
