using System.Globalization;
using System.Text;
using Hearth.Storage;

namespace Hearth.Disks;

/// <summary>What <c>hearth disk</c> says, for people.</summary>
internal static class DiskText
{
    public static string Describe(DiskInfo info)
    {
        var text = new StringBuilder();
        Row(text, "file", info.File);
        Row(text, "format", info.Version is null ? info.Format : $"{info.Format}, version {info.Version}");
        Row(text, "disk", Size(info.VirtualSize));
        Row(text, "length of the file", Size((ulong)info.FileLength));
        if (info.HostUsage is { } usage)
            Row(text, "takes on the host", Size((ulong)usage));
        if (info.BackingFile is not null)
            Row(text, "backing file", info.BackingFormat is null ? info.BackingFile : $"{info.BackingFile} ({info.BackingFormat})");
        if (info.Version is not null)
        {
            Row(text, "clusters", Size((ulong)info.ClusterSize!.Value));
            Row(text, "reference counts", $"{info.RefcountBits} bits{(info.LazyRefcounts == true ? ", lazy" : "")}");
            Row(text, "compression", info.Compression!);
        }

        if (info.InUse)
            Row(text, "state", "in use by a guest, or being changed");
        else if (info.Dirty == true)
            Row(text, "state", "not closed by its writer: reference counts are repaired when it is next opened for writing");
        if (info.Corrupt == true)
            Row(text, "state", "marked as corrupt");
        if (info.Snapshots.Count > 0)
            _ = text.Append('\n').Append(Describe(info.Snapshots));
        return text.ToString();
    }

    public static string Describe(IReadOnlyList<SnapshotInfo> snapshots)
    {
        if (snapshots.Count == 0)
            return "There are no snapshots.\n";
        var text = new StringBuilder();
        foreach (SnapshotInfo snapshot in snapshots)
        {
            string taken = snapshot.Taken.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            string state = snapshot.VmStateLength == 0 ? "" : $", with {Size(snapshot.VmStateLength)} of a machine's state";
            _ = text.Append(CultureInfo.InvariantCulture, $"{snapshot.Id,-4} {Plain(snapshot.Name),-24} {taken} UTC  {Size(snapshot.DiskSize)}{state}\n");
        }

        return text.ToString();
    }

    public static string Describe(CheckReport report)
    {
        var text = new StringBuilder();
        foreach (string finding in report.Findings)
            _ = text.Append(finding).Append('\n');
        if (report.ErrorsFixed + report.LeaksFixed > 0)
            _ = text.Append(CultureInfo.InvariantCulture, $"{report.ErrorsFixed} errors and {report.LeaksFixed} leaked clusters were repaired\n");
        string verdict = report.IsClean ? "The image is whole." : $"The image has {report.Errors} errors and {report.Leaks} leaked clusters.";
        return text.Append(CultureInfo.InvariantCulture, $"{verdict} {report.AllocatedClusters} of {report.TotalClusters} clusters are allocated, {report.CompressedClusters} of them compressed.\n").ToString();
    }

    /// <summary>A name that another program gave may have anything in it, which a terminal must not get.</summary>
    private static string Plain(string name) => string.Concat(name.Select(character => char.IsControl(character) ? '?' : character));

    private static void Row(StringBuilder text, string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-20} {value}\n");

    private static string Size(ulong bytes)
    {
        const string Units = "KMGTP";
        int unit = -1;
        double amount = bytes;
        while (amount >= 1024 && unit < Units.Length - 1)
        {
            amount /= 1024;
            unit++;
        }

        return unit < 0 ? $"{bytes} bytes" : string.Create(CultureInfo.InvariantCulture, $"{amount:0.##} {Units[unit]}iB ({bytes} bytes)");
    }
}
