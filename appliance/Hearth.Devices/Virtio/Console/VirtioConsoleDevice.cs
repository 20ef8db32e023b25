using Hearth.Machine;

namespace Hearth.Devices.Virtio.Console;

/// <summary>A virtio console with one port (virtio 1.2, section 5.3). Neither several ports nor a size are offered.</summary>
public sealed class VirtioConsoleDevice : VirtioDevice, ICharacterReceiver
{
    private const ushort DeviceType = 3;
    private const uint CommunicationClass = 0x078000;
    private const ushort QueueSize = 64;
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const int StepLength = 4096;

    // A hostile chain may name all of RAM many times over, and the vCPU could not be stopped meanwhile.
    private const ulong MaximumWrite = 1 << 20;

    // Columns, rows, ports and the emergency register: the structure is there although no feature fills it.
    private const int ConfigurationLength = 12;

    private readonly ICharacterPort _port;
    private readonly DescriptorChain _chain;
    private readonly byte[] _bytes = new byte[StepLength];

    public VirtioConsoleDevice(string name, ICharacterPort port, DeviceContext context)
        : base(name, new VirtioIdentity(DeviceType, CommunicationClass), [QueueSize, QueueSize], ConfigurationLength, context)
    {
        ArgumentNullException.ThrowIfNull(port);
        _port = port;
        _chain = new DescriptorChain(Ram, QueueSize);
        port.Connect(this);
    }

    protected override ulong DeviceFeatures => 0;

    public override void Notify(int queue)
    {
        // Buffers for input are taken when input comes: the port offers again what found no room.
        if (queue != TransmitQueue)
            return;
        lock (Sync)
        {
            Virtqueue output = Queues[TransmitQueue];
            while (IsLiveLocked)
            {
                if (TryPopLocked(output, _chain))
                    WriteOutLocked(output);
                else if (!IsLiveLocked || !output.EnableNotifications())
                    break;
            }

            if (IsLiveLocked)
                SignalLocked(output);
        }
    }

    public int Receive(ReadOnlySpan<byte> data)
    {
        lock (Sync)
        {
            // Nobody listens: the bytes are lost, as on a line without a terminal.
            if ((Status & VirtioStatus.DriverOk) == 0)
                return data.Length;
            Virtqueue input = Queues[ReceiveQueue];
            int done = 0;
            while (done < data.Length && IsLiveLocked && TryPopLocked(input, _chain))
            {
                int part = _chain.Write(0, data[done..]);
                input.Push(_chain.Head, (uint)part);
                done += part;
            }

            if (done != 0)
                SignalLocked(input);
            return done;
        }
    }

    private void WriteOutLocked(Virtqueue output)
    {
        if (_chain.ReadableLength > MaximumWrite)
            LogLocked("a write is cut off after 1 MiB", _chain.ReadableLength);
        for (ulong done = 0; done < Math.Min(_chain.ReadableLength, MaximumWrite); done += StepLength)
        {
            int length = _chain.Read(done, _bytes);
            _port.Write(_bytes.AsSpan(0, length));
        }

        output.Push(_chain.Head, 0);
    }
}
