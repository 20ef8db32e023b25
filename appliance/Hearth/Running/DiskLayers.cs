using Hearth.House;
using Hearth.Launch;
using Hearth.Linux;
using Hearth.Storage;

namespace Hearth.Running;

/// <summary>
/// The files of a guest's disks. What a guest is given as a disk is never written to: what it writes goes to layers on top, one for the time between two saved states. A saved state
/// needs the layers below its own. See docs/decisions/0019.
/// </summary>
internal sealed class DiskLayers(GuestPlaces places, int guest)
{
    /// <summary>Finds the disks of a definition among those that are known, and gives each that may be written to a layer to write to.</summary>
    /// <param name="disks">What the guest goes on with: that of the present, or of a state.</param>
    /// <param name="tree">Of the present and of all states; gets the layers that are made.</param>
    /// <param name="isFree">Nobody needs a layer as it is now: it may be written to.</param>
    /// <returns>All disks, with the layers; and those of the definition, in their order.</returns>
    /// <exception cref="StorageException">A layer cannot be made; none is left behind.</exception>
    public (IReadOnlyList<DiskRecord> Disks, IReadOnlyList<AttachedDisk> Attached) Prepare(
        GuestDefinition definition, IReadOnlyList<DiskRecord> disks, LayerTree tree, Func<DiskRecord, bool> isFree)
    {
        var known = new List<DiskRecord>(disks);
        var attached = new List<AttachedDisk>();
        var made = new List<string>();
        try
        {
            foreach (GuestDisk disk in definition.Disks)
            {
                int index = known.FindIndex(record => record.Path == disk.Path);
                DiskRecord record = index >= 0 ? known[index] : new DiskRecord(1 + known.Select(each => each.Slot).DefaultIfEmpty(0).Max(), disk.Path, disk.Format, 0);
                if (!disk.IsReadOnly && (record.Layer == 0 || !isFree(record)))
                    record = Push(record, tree, made);
                attached.Add(new AttachedDisk(record.Slot, !disk.IsReadOnly));
                if (index >= 0)
                    known[index] = record;
                else
                    known.Add(record);
            }

            return (known, attached);
        }
        catch
        {
            Drop(made);
            throw;
        }
    }

    /// <summary>Makes a new layer on top of each disk that a guest's process writes to.</summary>
    /// <returns>All disks, with the new layers.</returns>
    /// <exception cref="StorageException">One cannot be made; none is left behind.</exception>
    public IReadOnlyList<DiskRecord> Push(GuestPresent present, LayerTree tree)
    {
        var made = new List<string>();
        try
        {
            HashSet<int> written = [.. present.Attached.Where(disk => disk.IsWritten).Select(disk => disk.Slot)];
            return [.. present.Disks.Select(disk => written.Contains(disk.Slot) ? Push(disk, tree, made) : disk)];
        }
        catch
        {
            Drop(made);
            throw;
        }
    }

    /// <summary>What a guest's process opens, disk by disk.</summary>
    public IReadOnlyList<LayeredDisk> Describe(GuestDefinition definition, IReadOnlyList<DiskRecord> disks, IReadOnlyList<AttachedDisk> attached, LayerTree tree) =>
        [.. definition.Disks.Zip(attached, (disk, place) => new LayeredDisk(disk, ChainOf(disks.First(record => record.Slot == place.Slot), tree)))];

    /// <summary>Looks whether all layers of disks are there and say of themselves what they should, also while a guest uses them.</summary>
    /// <exception cref="StorageException">One is missing or damaged.</exception>
    public void Verify(IEnumerable<DiskRecord> disks, LayerTree tree)
    {
        foreach (DiskRecord disk in disks.Where(disk => disk.Layer != 0))
        {
            // Its own first: a chain has no layers that are not there, as those have been merged.
            foreach (string file in ChainOf(disk, tree).Prepend(FileOf(disk)).Distinct())
                _ = DiskInspection.Describe(file, DiskFormat.Qcow2);
        }
    }

    /// <summary>The file of the layer that a disk's record names.</summary>
    public string FileOf(DiskRecord disk) => places.LayerOf(guest, disk.Slot, disk.Layer);

    /// <summary>Takes away what nobody needs: layers that are below none of these.</summary>
    /// <param name="tree">Forgets them, too.</param>
    public void Sweep(IEnumerable<DiskRecord> needed, LayerTree tree)
    {
        HashSet<(int Slot, int Number)> kept = [.. needed.SelectMany(disk => NumbersOf(disk, tree).Select(number => (disk.Slot, number)))];
        foreach (string file in Files().Where(file => GuestPlaces.TryReadLayer(file, out int slot, out int number) && !kept.Contains((slot, number))))
            File.Delete(file);
        tree.Keep(kept);
    }

    /// <summary>Makes one of two layers where nobody needs the lower one by itself any more, so that chains stay short.</summary>
    /// <param name="needed">What states and the present need as it is.</param>
    /// <param name="written">What the guest writes to.</param>
    /// <param name="isWanted">Somebody waits for the guest: nothing is merged this time.</param>
    /// <exception cref="StorageException">A file is damaged, or the host's disk failed: everything is as it was.</exception>
    public void Merge(IReadOnlyList<DiskRecord> needed, IReadOnlyList<DiskRecord> written, LayerTree tree, Func<bool> isWanted)
    {
        if (isWanted())
            return;
        HashSet<(int, int)> kept = [.. needed.Select(disk => (disk.Slot, disk.Layer))];
        HashSet<(int, int)> open = [.. written.Select(disk => (disk.Slot, disk.Layer))];
        var above = new Dictionary<(int Slot, int Number), List<int>>();
        foreach (DiskRecord disk in needed)
        {
            int[] chain = [.. NumbersOf(disk, tree)];
            for (int i = 0; i + 1 < chain.Length; i++)
            {
                List<int> those = above.TryGetValue((disk.Slot, chain[i + 1]), out List<int>? there) ? there : above[(disk.Slot, chain[i + 1])] = [];
                if (!those.Contains(chain[i]))
                    those.Add(chain[i]);
            }
        }

        foreach (((int Slot, int Number) lower, List<int> uppers) in above)
        {
            if (kept.Contains(lower) || uppers is not [var upper] || open.Contains((lower.Slot, upper)))
                continue;
            string file = places.LayerOf(guest, lower.Slot, lower.Number);
            if (IsShared(file))
                continue;
            _ = DiskMerge.IntoBelow(places.LayerOf(guest, lower.Slot, upper), file, isWanted);
            return;
        }
    }

    /// <summary>Gives a new guest the layers of another one: the files are both's, and nobody writes to them.</summary>
    /// <exception cref="LinuxException">The host's file system has no second names.</exception>
    public void ShareWith(int other, IEnumerable<DiskRecord> disks, LayerTree tree)
    {
        Directory.CreateDirectory(places.FolderOf(other));
        foreach (DiskRecord disk in disks)
        {
            foreach (int number in NumbersOf(disk, tree))
                FileDescriptor.Link(places.LayerOf(guest, disk.Slot, number), places.LayerOf(other, disk.Slot, number));
        }
    }

    /// <summary>The layer's file is there, and no other guest has it too.</summary>
    public bool IsOnlyOurs(DiskRecord disk) => File.Exists(FileOf(disk)) && !IsShared(FileOf(disk));

    private static void Drop(IEnumerable<string> made)
    {
        foreach (string file in made)
            File.Delete(file);
    }

    /// <summary>Another guest has it too.</summary>
    private static bool IsShared(string layer)
    {
        using FileDescriptor file = FileDescriptor.Open(layer, FileAccessMode.Place);
        return file.CountNames() > 1;
    }

    private IEnumerable<int> NumbersOf(DiskRecord disk, LayerTree tree) =>
        disk.Layer == 0 ? [] : tree.ChainOf(disk.Slot, disk.Layer, number => File.Exists(places.LayerOf(guest, disk.Slot, number)));

    private IReadOnlyList<string> ChainOf(DiskRecord disk, LayerTree tree) => [.. NumbersOf(disk, tree).Select(number => places.LayerOf(guest, disk.Slot, number))];

    private IEnumerable<string> Files() => Directory.Exists(places.FolderOf(guest)) ? Directory.EnumerateFiles(places.FolderOf(guest)) : [];

    private DiskRecord Push(DiskRecord disk, LayerTree tree, List<string> made)
    {
        Directory.CreateDirectory(places.FolderOf(guest));
        int onDisk = Files().Select(file => GuestPlaces.TryReadLayer(file, out int slot, out int there) && slot == disk.Slot ? there : 0).DefaultIfEmpty(0).Max();
        int number = 1 + Math.Max(tree.LastOf(disk.Slot), onDisk);
        string path = places.LayerOf(guest, disk.Slot, number);
        if (disk.Layer == 0)
        {
            _ = DiskCreation.Create(new NewDisk(path, null) { Backing = disk.Path, BackingFormat = disk.Format is { } format ? DiskFormatNames.Find(format) : null });
        }
        else
        {
            ulong length = DiskInspection.ReadHeader(FileOf(disk)).VirtualSize;
            _ = DiskCreation.Create(new NewDisk(path, length) { Backing = Path.GetFileName(FileOf(disk)), BackingFormat = DiskFormat.Qcow2, IsBackingKnown = true });
        }

        made.Add(path);
        tree.Add(disk.Slot, number, disk.Layer);
        return disk with { Layer = number };
    }
}
