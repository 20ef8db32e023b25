using System.CommandLine;
using Hearth.Commands;
using Hearth.Storage;

namespace Hearth.Disks;

/// <summary>The options of a new qcow2 image.</summary>
internal sealed class ImageOptions
{
    private const int MaximumClusterSize = 2 << 20;

    private readonly Option<string> _clusterSize = new("--cluster-size") { Description = "Of a qcow2 image: 512 to 2M.", HelpName = "SIZE", DefaultValueFactory = _ => "64K" };
    private readonly Option<int> _version = new("--version-of-format") { Description = "Of the qcow2 format: 2 or 3.", HelpName = "N", DefaultValueFactory = _ => 3 };
    private readonly Option<int> _refcountBits = new("--refcount-bits") { Description = "Width of a reference count: 1 to 64.", HelpName = "N", DefaultValueFactory = _ => 16 };
    private readonly Option<bool> _lazyRefcounts = new("--lazy-refcounts") { Description = "Write reference counts late: faster, and repaired after a crash.", Arity = ArgumentArity.Zero };

    public void AddTo(Command command)
    {
        command.Add(_clusterSize);
        command.Add(_version);
        command.Add(_refcountBits);
        command.Add(_lazyRefcounts);
    }

    /// <exception cref="UsageException">A size is none.</exception>
    public NewDisk Apply(ParseResult parsed, NewDisk disk)
    {
        bool isSaid = new Option[] { _clusterSize, _version, _refcountBits, _lazyRefcounts }.Any(option => parsed.GetResult(option) is { Implicit: false });
        if (disk.Format == DiskFormat.Raw && isSaid)
            throw new UsageException("--cluster-size, --version-of-format, --refcount-bits and --lazy-refcounts are for qcow2 images: a raw one has nothing of it");
        ulong clusterSize = DiskSize.Parse(parsed.GetValue(_clusterSize)!);
        return disk with
        {
            ClusterSize = (int)Math.Min(clusterSize, 2 * MaximumClusterSize),
            Version = parsed.GetValue(_version),
            RefcountBits = parsed.GetValue(_refcountBits),
            LazyRefcounts = parsed.GetValue(_lazyRefcounts),
        };
    }
}
