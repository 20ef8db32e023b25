using Hearth.Devices.Storage.Ide;
using Hearth.Machine;
using Hearth.Protocol;

namespace Hearth.Vm.Composition;

/// <summary>Which drive is where on the IDE channels: disks from the primary master on, the first CD drive as the secondary master where that is free.</summary>
internal sealed class DriveLayout
{
    private static readonly int[] s_diskPlaces = [0, 1, 2, 3];
    private static readonly int[] s_cdPlaces = [2, 3, 0, 1];

    private readonly Dictionary<int, int> _disks = [];
    private readonly List<int> _cds = [];

    /// <exception cref="MachineException">There are more drives than places.</exception>
    public DriveLayout(GuestConfiguration configuration)
    {
        for (int i = 0; i < configuration.Disks.Count; i++)
        {
            if (configuration.Disks[i].Bus == DiskConfiguration.Ide)
                _disks.Add(i, FreePlace(s_diskPlaces));
        }

        foreach (OpenFile _ in configuration.CdRoms)
            _cds.Add(FreePlace(s_cdPlaces));
    }

    /// <summary>The places of the CD drives, in the order of the configuration.</summary>
    public IReadOnlyList<int> CdPlaces => _cds;

    public bool IsEmpty => _disks.Count + _cds.Count == 0;

    /// <param name="index">Of the disk in the configuration; one on IDE.</param>
    public int PlaceOfDisk(int index) => _disks[index];

    /// <summary>The drives with their backends; null where a place is empty.</summary>
    public IdeUnit?[] Units(IReadOnlyList<IBlockBackend> disks, IReadOnlyList<IBlockBackend> discs)
    {
        var units = new IdeUnit?[IdeDevice.DriveCount];
        foreach ((int index, int place) in _disks)
            units[place] = new IdeUnit(disks[index], IsCd: false, $"hearth-disk-{index}");
        for (int i = 0; i < _cds.Count; i++)
            units[_cds[i]] = new IdeUnit(discs[i], IsCd: true, $"hearth-cd-{i}");
        return units;
    }

    private int FreePlace(int[] places)
    {
        foreach (int place in places)
        {
            if (!_disks.ContainsValue(place) && !_cds.Contains(place))
                return place;
        }

        throw new MachineException($"the IDE channels take {IdeDevice.DriveCount} drives, disks with bus=ide and CDs together");
    }
}
