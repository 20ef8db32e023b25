using System.Diagnostics;
using Hearth.Running;
using Hearth.Storage;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>How the layers of all disks are: where no process has one open any more, and what is left of them when guests run again.</summary>
internal sealed class LayerCheck
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Layers that a running house does not write to, and that were clean or gone.</summary>
    public int Kept { get; private set; }

    public int Clean { get; private set; }

    /// <summary>Those that were written to when it ended: clean after a repair that loses nothing.</summary>
    public int Repairable { get; private set; }

    /// <summary>Those whose only fault are clusters that nothing refers to.</summary>
    public int Leaking { get; private set; }

    public List<string> Broken { get; } = [];

    /// <param name="scratch">For copies: what is repaired is not the house's.</param>
    public void Look(string home, string scratch)
    {
        foreach (string layer in Layers(home))
            LookAt(layer, scratch);
    }

    /// <summary>Looks at the layers below those that guests write to. One may just be about to be given up, merged, or left behind by its guest.</summary>
    public async Task LookAtKeptAsync(string home, string scratch)
    {
        foreach (IGrouping<(string? Folder, int Disk), string> disk in Layers(home).GroupBy(DiskOf))
        {
            foreach (string layer in disk.OrderByDescending(layer => layer, StringComparer.Ordinal).Skip(1))
            {
                long start = Stopwatch.GetTimestamp();
                string? finding;
                while ((finding = FindingOf(layer, Path.Combine(scratch, "copy.qcow2"))) is not null && Stopwatch.GetElapsedTime(start) < s_patience)
                    await Task.Delay(100);
                if (finding is null)
                    Kept++;
                else
                    Broken.Add($"{layer}, in use: {finding}");
            }
        }
    }

    public override string ToString() => $"{Kept} layers of running houses clean or gone; of those that were struck {Clean} clean, {Leaking} with leaks alone, {Repairable} clean after a repair, {Broken.Count} broken";

    private static string[] Layers(string home) =>
        [.. Directory.EnumerateFiles(Path.Combine(home, "guests"), "*", SearchOption.AllDirectories).Where(file => GuestPlaces.TryReadLayer(file, out _, out _))];

    private static (string? Folder, int Disk) DiskOf(string layer)
    {
        _ = GuestPlaces.TryReadLayer(layer, out int disk, out _);
        return (Path.GetDirectoryName(layer), disk);
    }

    /// <returns>What is wrong with a layer; null where nothing is, or where it is not there any more.</returns>
    private static string? FindingOf(string layer, string copy)
    {
        try
        {
            File.Copy(layer, copy, overwrite: true);
            CheckReport report = DiskInspection.Check(copy, repair: false, null);
            return report.IsClean ? null : string.Join("; ", report.Findings);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (StorageException error)
        {
            return error.Message;
        }
    }

    private void LookAt(string layer, string scratch)
    {
        CheckReport report = DiskInspection.Check(layer, repair: false, null);
        if (report.IsClean)
        {
            Clean++;
            return;
        }

        string copy = Path.Combine(scratch, "copy.qcow2");
        File.Copy(layer, copy, overwrite: true);
        CheckReport repaired = DiskInspection.Check(copy, repair: true, null);
        File.Delete(copy);
        if (!repaired.IsClean)
            Broken.Add($"{layer}: {string.Join("; ", repaired.Findings)}");
        else if (report.Errors == 0)
            Leaking++;
        else
            Repairable++;
    }
}
