using Hearth.Devices.Pci;
using Hearth.Devices.Platform.Rtc;
using Hearth.Devices.Storage.Ide;
using Hearth.Protocol;

namespace Hearth.Vm.Composition;

/// <summary>From what firmware starts a guest, in the two ways it is told: paths of devices, and kinds in the CMOS.</summary>
internal static class BootOrder
{
    public const string Disk = "disk";
    public const string Cd = "cd";
    public const string Network = "net";

    private static readonly string[] s_kinds = [Disk, Cd, Network];

    /// <summary>The kinds in the order they are tried: those that were asked for, then the others.</summary>
    public static IEnumerable<string> Kinds(GuestConfiguration configuration) => configuration.BootOrder.Concat(s_kinds).Distinct();

    public static CmosBootOrder Cmos(GuestConfiguration configuration)
    {
        CmosBootKind[] kinds = [.. Kinds(configuration).Select(KindOf)];
        return new CmosBootOrder(kinds[0], kinds[1], kinds[2]);
    }

    /// <summary>The devices as SeaBIOS names them: paths of Open Firmware (src/boot.c), from the PCI bus down.</summary>
    /// <param name="pci">With every device on it.</param>
    public static IEnumerable<string> Paths(GuestConfiguration configuration, PciBus pci)
    {
        var layout = new DriveLayout(configuration);
        foreach (string kind in Kinds(configuration))
        {
            IEnumerable<string> paths = kind switch
            {
                Disk => Enumerable.Range(0, configuration.Disks.Count).Select(index => DiskPath(configuration, layout, index, pci)),
                Cd => layout.CdPlaces.Select(IdePath),
                _ => Enumerable.Range(0, configuration.Networks.Count).Select(index => $"{Place($"virtio-net{index}", "ethernet", pci)}/ethernet-phy@0"),
            };
            foreach (string path in paths)
                yield return path;
        }
    }

    private static CmosBootKind KindOf(string kind) => kind switch
    {
        Disk => CmosBootKind.Disk,
        Cd => CmosBootKind.Cd,
        _ => CmosBootKind.Network,
    };

    private static string DiskPath(GuestConfiguration configuration, DriveLayout layout, int index, PciBus pci) =>
        configuration.Disks[index].Bus == DiskConfiguration.Ide ? IdePath(layout.PlaceOfDisk(index)) : $"{Place($"virtio-blk{index}", "scsi", pci)}/disk@0,0";

    private static string IdePath(int place) => $"/pci@i0cf8/ide@{IdeModule.Slot},{IdeModule.Function}/drive@{place / 2}/disk@{place % 2}";

    private static string Place(string device, string kind, PciBus pci)
    {
        int slot = Enumerable.Range(0, PciBus.SlotCount).First(slot => pci.Find(slot, 0)?.Name == device);
        return $"/pci@i0cf8/{kind}@{slot:x}";
    }
}
