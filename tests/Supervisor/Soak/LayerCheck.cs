using Hearth.Running;
using Hearth.Storage;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>How the layers of all disks are, of which no process has one open.</summary>
internal sealed class LayerCheck
{
    public int Clean { get; private set; }

    /// <summary>Those that were written to when it ended: clean after a repair that loses nothing.</summary>
    public int Repairable { get; private set; }

    /// <summary>Those whose only fault are clusters that nothing refers to.</summary>
    public int Leaking { get; private set; }

    public List<string> Broken { get; } = [];

    /// <param name="scratch">For copies: what is repaired is not the house's.</param>
    public void Look(string home, string scratch)
    {
        foreach (string layer in Directory.EnumerateFiles(Path.Combine(home, "guests"), "*", SearchOption.AllDirectories).Where(file => GuestPlaces.TryReadLayer(file, out _, out _)))
            LookAt(layer, scratch);
    }

    public override string ToString() => $"{Clean} layers clean, {Leaking} with leaks alone, {Repairable} clean after a repair, {Broken.Count} broken";

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
