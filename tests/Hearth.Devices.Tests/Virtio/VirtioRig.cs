using Hearth.Devices.Pci;
using Hearth.Devices.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>A virtio device on a test machine, found and driven through its PCI capabilities as a driver does.</summary>
internal sealed class VirtioRig
{
    public const ulong Version1 = 1UL << 32;
    public const ulong IndirectDescriptors = 1UL << 28;
    public const ulong EventIndex = 1UL << 29;
    public const ulong RingReset = 1UL << 40;

    private const int Slot = 4;
    private const ulong FirstRing = 0x10000;
    private const ulong RingStride = 0x4000;

    private readonly PciBus _bus;
    private readonly VirtqueueDriver[] _queues = new VirtqueueDriver[8];

    public VirtioRig(Func<DeviceContext, VirtioDevice> create)
        : this(create, new TestMachine())
    {
    }

    public VirtioRig(Func<DeviceContext, VirtioDevice> create, TestMachine machine)
    {
        Machine = machine;
        _bus = new PciBus(machine.Context, null);
        Device = create(machine.Context);
        Function = new VirtioPciFunction(Device, machine.Context);
        _bus.Add(Function, Slot);
        Function.Reset();
        Assign();
        Bar = Function.ReadConfiguration(0x10, AccessWidth.Dword) & ~0xFU;
    }

    public TestMachine Machine { get; }

    public VirtioDevice Device { get; }

    public VirtioPciFunction Function { get; }

    public ulong Bar { get; }

    public RecordingLine Line => Machine.Line(16 + (Slot % 4));

    public byte Status
    {
        get => (byte)Read(0x14, AccessWidth.Byte);
        set => Write(0x14, AccessWidth.Byte, value);
    }

    public VirtqueueDriver Queue(int index) => _queues[index];

    public ulong Read(ulong offset, AccessWidth width) => Machine.Memory.Bus.Read(Bar + offset, width);

    public void Write(ulong offset, AccessWidth width, ulong value) => Machine.Memory.Bus.Write(Bar + offset, width, value);

    public ulong ReadDevice(ulong offset, AccessWidth width) => Read(0x2000 + offset, width);

    public void WriteDevice(ulong offset, AccessWidth width, ulong value) => Write(0x2000 + offset, width, value);

    public void Kick(int queue = 0) => Write(0x3000 + (4 * (ulong)queue), AccessWidth.Word, (ulong)queue);

    public ulong OfferedFeatures()
    {
        Write(0, AccessWidth.Dword, 0);
        ulong low = Read(4, AccessWidth.Dword);
        Write(0, AccessWidth.Dword, 1);
        return low | (Read(4, AccessWidth.Dword) << 32);
    }

    /// <summary>Places the BAR, as after every hardware reset.</summary>
    public void Assign() => PciResources.Assign(_bus);

    /// <summary>Acknowledge, driver, features, FEATURES_OK.</summary>
    public void Negotiate(ulong features)
    {
        Status = 0;
        Status = 1;
        Status = 3;
        Write(8, AccessWidth.Dword, 0);
        Write(0xC, AccessWidth.Dword, (uint)features);
        Write(8, AccessWidth.Dword, 1);
        Write(0xC, AccessWidth.Dword, features >> 32);
        Status = 11;
    }

    /// <summary>Lays out a queue and enables it.</summary>
    public VirtqueueDriver SetUpQueue(int index, ushort size = 16)
    {
        var queue = new VirtqueueDriver(Machine, FirstRing + ((ulong)index * RingStride), size);
        _queues[index] = queue;
        Write(0x16, AccessWidth.Word, (ulong)index);
        Write(0x18, AccessWidth.Word, size);
        Write(0x1A, AccessWidth.Word, (ulong)index + 1);
        Write(0x20, AccessWidth.Dword, queue.Descriptors);
        Write(0x24, AccessWidth.Dword, 0);
        Write(0x28, AccessWidth.Qword, queue.Available);
        Write(0x30, AccessWidth.Qword, queue.Used);
        Write(0x1C, AccessWidth.Word, 1);
        return queue;
    }

    /// <summary>Brings the device to DRIVER_OK with every queue set up.</summary>
    public void Start(ulong features = Version1, ushort size = 16)
    {
        Negotiate(features);
        for (int i = 0; i < Device.Queues.Count; i++)
            SetUpQueue(i, size);
        Status = 15;
    }

    /// <summary>Turns MSI-X on: vector n sends data 0x40 + n.</summary>
    public void EnableMsix()
    {
        for (ulong vector = 0; vector <= (ulong)Device.Queues.Count; vector++)
        {
            Write(0x4000 + (16 * vector), AccessWidth.Qword, 0xFEE0_0000);
            Write(0x4008 + (16 * vector), AccessWidth.Qword, 0x40 + vector);
        }

        Function.WriteConfiguration(0x42, AccessWidth.Word, 0x8000);
    }
}
