using Hearth.House;
using Hearth.Linux;
using Hearth.Storage;

namespace Hearth.Running;

/// <summary>
/// The files of guests' disks. What a guest is given as a disk is never written to: what it writes goes to layers on top, one for the time between two saved states. A saved state
/// needs the layers below its own.
/// </summary>
internal sealed class DiskLayers(GuestPlaces places)
{
    /// <summary>What a guest's process opens, as <c>--disk</c> has it: the layer that is written to, or the disk itself where nothing is.</summary>
    public IReadOnlyList<string> Options(int guest, GuestDefinition definition, IReadOnlyList<int> layers) =>
        [.. definition.Disks.Select((disk, i) => layers[i] == 0 ? disk.ToOption() : (disk with { Path = places.LayerOf(guest, i, layers[i]), Format = "qcow2" }).ToOption())];

    /// <summary>Makes a new layer on top of each disk that may be written to.</summary>
    /// <param name="below">The layer that each is made on; empty, or 0, for the disk itself.</param>
    /// <exception cref="StorageException">One cannot be made; none is left behind.</exception>
    public IReadOnlyList<int> Push(int guest, GuestDefinition definition, IReadOnlyList<int> below)
    {
        var made = new List<int>();
        try
        {
            Directory.CreateDirectory(places.FolderOf(guest));
            for (int i = 0; i < definition.Disks.Count; i++)
                made.Add(definition.Disks[i].IsReadOnly ? 0 : Make(guest, definition.Disks[i], i, i < below.Count ? below[i] : 0));
            return made;
        }
        catch
        {
            Drop(guest, made);
            throw;
        }
    }

    /// <summary>Takes layers away that nothing was written to.</summary>
    public void Drop(int guest, IReadOnlyList<int> layers)
    {
        for (int i = 0; i < layers.Count; i++)
        {
            if (layers[i] != 0)
                File.Delete(places.LayerOf(guest, i, layers[i]));
        }
    }

    /// <summary>Takes away what nobody needs: files that are below none of these.</summary>
    /// <param name="needed">For each state and for the present, a layer of each disk.</param>
    public void Sweep(int guest, IReadOnlyList<IReadOnlyList<int>> needed)
    {
        if (!Directory.Exists(places.FolderOf(guest)))
            return;
        var kept = new HashSet<string>();
        foreach (IReadOnlyList<int> layers in needed)
        {
            for (int disk = 0; disk < layers.Count; disk++)
                Keep(guest, disk, layers[disk], kept);
        }

        foreach (string file in Directory.EnumerateFiles(places.FolderOf(guest)).Where(file => GuestPlaces.TryReadLayer(file, out _, out _) && !kept.Contains(file)))
            File.Delete(file);
    }

    /// <summary>Makes one of two layers where nobody needs the lower one by itself any more, so that chains stay short.</summary>
    /// <param name="needed">As <see cref="Sweep"/> has it.</param>
    /// <param name="written">The layers that the guest writes to.</param>
    /// <returns>False when there is nothing to be made one.</returns>
    /// <exception cref="StorageException">A file is damaged, or the host's disk failed: everything is as it was.</exception>
    public bool TryMerge(int guest, IReadOnlyList<IReadOnlyList<int>> needed, IReadOnlyList<int> written)
    {
        HashSet<string> kept = [.. needed.SelectMany(layers => layers.Select((layer, disk) => places.LayerOf(guest, disk, layer)))];
        HashSet<string> open = [.. written.Select((layer, disk) => places.LayerOf(guest, disk, layer))];
        ILookup<string, string> above = Directory.EnumerateFiles(places.FolderOf(guest))
            .Where(file => GuestPlaces.TryReadLayer(file, out _, out _))
            .ToLookup(file => BelowOf(guest, file) ?? "");
        foreach (IGrouping<string, string> pair in above.Where(pair => pair.Key.Length > 0 && !kept.Contains(pair.Key)))
        {
            if (pair.ToArray() is not [var upper] || open.Contains(upper) || IsShared(pair.Key))
                continue;
            DiskMerge.IntoBelow(upper, pair.Key);
            return true;
        }

        return false;
    }

    /// <summary>Gives a new guest the layers of another one: the files are both's, and nobody writes to them.</summary>
    /// <param name="layers">Of each disk the layer that the new one goes on from; none of them is written to.</param>
    /// <exception cref="LinuxException">The host's file system has no second names.</exception>
    public void Share(int from, int to, IReadOnlyList<int> layers)
    {
        Directory.CreateDirectory(places.FolderOf(to));
        for (int disk = 0; disk < layers.Count; disk++)
        {
            for (string? file = layers[disk] == 0 ? null : places.LayerOf(from, disk, layers[disk]); file is not null; file = BelowOf(from, file))
                FileDescriptor.Link(file, Path.Combine(places.FolderOf(to), Path.GetFileName(file)));
        }
    }

    /// <summary>Another guest has it too.</summary>
    private static bool IsShared(string layer)
    {
        using FileDescriptor file = FileDescriptor.Open(layer, FileAccessMode.Place);
        return file.CountNames() > 1;
    }

    private string? BelowOf(int guest, string file) =>
        DiskInspection.Describe(file, DiskFormat.Qcow2).BackingFile is { } below && GuestPlaces.TryReadLayer(below, out _, out _) ? Path.Combine(places.FolderOf(guest), below) : null;

    private int Make(int guest, GuestDisk disk, int index, int below)
    {
        int number = 1 + Numbers(guest, index).DefaultIfEmpty(0).Max();
        string path = places.LayerOf(guest, index, number);
        if (below == 0)
        {
            _ = DiskCreation.Create(new NewDisk(path, null) { Backing = disk.Path, BackingFormat = disk.Format is { } format ? DiskFormatNames.Find(format) : null });
            return number;
        }

        string top = places.LayerOf(guest, index, below);
        ulong length = DiskInspection.Describe(top, DiskFormat.Qcow2).VirtualSize;
        _ = DiskCreation.Create(new NewDisk(path, length) { Backing = Path.GetFileName(top), BackingFormat = DiskFormat.Qcow2, IsBackingKnown = true });
        return number;
    }

    private IEnumerable<int> Numbers(int guest, int disk)
    {
        foreach (string file in Directory.EnumerateFiles(places.FolderOf(guest)))
        {
            if (GuestPlaces.TryReadLayer(file, out int of, out int number) && of == disk)
                yield return number;
        }
    }

    private void Keep(int guest, int disk, int layer, HashSet<string> kept)
    {
        string? file = layer == 0 ? null : places.LayerOf(guest, disk, layer);
        while (file is not null && GuestPlaces.TryReadLayer(file, out _, out _) && kept.Add(file))
            file = BelowOf(guest, file);
    }
}
