using Hearth.Devices.Pci;
using Hearth.Devices.Pci.I6300Esb;
using Hearth.Devices.Sound.Hda;
using Hearth.Devices.Storage.Ide;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>The PCI bus with its bridges and some functions, driven by the configuration ports: BARs move, one over the other and over what is fixed.</summary>
internal sealed class PciBusTarget : MachineTarget, IShadowMemory
{
    private static readonly int[] s_places = [0x00, 0x08, 0x09, 0x0B, 0x20, 0x28];

    private readonly PciBus _bus;
    private readonly IMachineDevice[] _parts;

    public PciBusTarget()
    {
        _bus = new PciBus(Machine.Context, null);
        _bus.Add(new HostBridge(Machine.Context, this), 0);
        _bus.Add(new IsaBridge(Machine.Context, _bus), 1);
        _bus.Add(new IdeDevice(Machine.Context, [new IdeUnit(new MemoryDisk(1 << 16, isReadOnly: false), false, "a"), null, null, null]), 1, 1);
        _bus.Add(new PowerManagementFunction(Machine.Context), 1, 3);
        _bus.Add(new I6300EsbDevice(Machine.Context), 4);
        _bus.Add(new HdaDevice("hda0", new SilentSound(), Machine.Context), 5);
        _parts = [_bus, .. _bus.Functions];
        Restart();
    }

    protected override IReadOnlyList<IMachineDevice> Parts => _parts;

    protected override void Restart()
    {
        foreach (IMachineDevice part in _parts)
            part.Reset();
        PciResources.Assign(_bus);
    }

    void IShadowMemory.Steer(int segment, bool readsRam, bool writesRam)
    {
        if (segment is < 0 or > 15)
            throw new InvalidOperationException($"there is no segment {segment} of shadow memory");
    }

    protected override void ActAsDriver(Random random)
    {
        int place = random.Next(8) == 0 ? random.Next(256) : s_places[random.Next(s_places.Length)];
        int register = random.Next(2) == 0 ? random.Next(0x40) : random.Next(256);
        Machine.OutDword(0xCF8, 0x8000_0000U | ((uint)place << 8) | ((uint)register & 0xFC));
        ulong port = 0xCFC + (ulong)random.Next(4);
        if (random.Next(3) == 0)
            Machine.Ports.Bus.Read(port, Hostile.PortWidth(random));
        else
            Machine.Ports.Bus.Write(port, Hostile.PortWidth(random), BarOr(random));
    }

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(1000) == 0)
            Restart();
    }

    /// <summary>An address in the windows of BARs, or anything.</summary>
    private static ulong BarOr(Random random) => random.Next(3) switch
    {
        0 => PciResources.MemoryWindow.Start + ((ulong)random.Next(8) << 12),
        1 => PciResources.PortWindow.Start + ((ulong)random.Next(16) << 4),
        _ => Hostile.Value(random),
    };
}
