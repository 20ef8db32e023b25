using System.Security.Cryptography;
using Hearth.Guests;

namespace Hearth.Bench.Io;

/// <summary>The disks of both sides: every run begins with new copies of the same images, which qemu-img has made.</summary>
internal sealed class IoImages : IDisposable
{
    private const int Length = 256 << 20;

    private static readonly (string Name, string Format, string Class)[] s_disks =
        [("raw", "raw", IoRow.Raw), ("full", "qcow2", IoRow.Qcow2), ("empty", "qcow2", IoRow.Qcow2)];

    private readonly string _directory;
    private readonly (string Name, string Format, string Class)[] _disks;

    /// <param name="parent">The folder in which they get their own.</param>
    /// <exception cref="GuestsException">There is no qemu-img, or it fails.</exception>
    public IoImages(string parent, IReadOnlyList<IoRow> rows)
    {
        _directory = Path.Combine(parent, $"hearth-bench-{Environment.ProcessId}-images");
        _disks = [.. s_disks.Where(disk => rows.Any(row => row.Class == disk.Class))];
        Directory.CreateDirectory(_directory);
        if (_disks.Length == 0)
            return;

        // What is in them is the same for both sides of a run: they are copies.
        File.WriteAllBytes(Model("raw"), RandomNumberGenerator.GetBytes(Length));
        if (_disks.Any(disk => disk.Format == "qcow2"))
        {
            string tool = Tool();
            HostCommand.Require(tool, ["convert", "-f", "raw", "-O", "qcow2", Model("raw"), Model("full")]);
            HostCommand.Require(tool, ["create", "-q", "-f", "qcow2", Model("empty"), "256M"]);
        }
    }

    /// <summary>Options of <c>io</c> that name them as the guest does.</summary>
    public string GuestOptions => string.Concat(_disks.Select((disk, index) => $"--{GuestName(disk.Name)} /dev/vd{(char)('a' + index)} "));

    /// <summary>Copies for one contender, in place of those it had.</summary>
    public IReadOnlyList<GuestDisk> CopyFor(string contender) =>
    [
        .. _disks.Select(disk =>
        {
            string copy = CopyOf(contender, disk.Name);
            File.Copy(Model(disk.Name), copy, overwrite: true);
            return new GuestDisk(copy, disk.Format);
        }),
    ];

    /// <summary>Reads what two contenders have left on their disks.</summary>
    /// <returns>The differences, a sentence each.</returns>
    public IEnumerable<string> Differences(string contender, string other)
    {
        foreach ((string name, string format, _) in _disks)
        {
            CommandResult result = HostCommand.Run(
                Tool(), ["compare", "-q", "-f", format, "-F", format, CopyOf(contender, name), CopyOf(other, name)]);
            if (result.ExitCode != 0)
                yield return $"the disk {name} of {contender} and that of {other} differ at the end: {result.LastWords}";
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static string GuestName(string name) => name == "full" ? "qcow2" : name;

    private static string Tool() => HostCommand.Find("qemu-img")
        ?? throw new GuestsException("qemu-img is not installed, and makes the images; install it with: apt-get install --no-install-recommends qemu-utils");

    private string Model(string name) => Path.Combine(_directory, name);

    private string CopyOf(string contender, string name) => Path.Combine(_directory, $"{contender}-{name}");
}
