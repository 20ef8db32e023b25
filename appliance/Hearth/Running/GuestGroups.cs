using System.Globalization;
using Hearth.House;
using Hearth.Linux;
using Hearth.Linux.Jail;

namespace Hearth.Running;

/// <summary>The group of processes of each guest, with its bounds of memory and processor time, where this host lets groups be made.</summary>
internal sealed class GuestGroups
{
    /// <summary>Where cgroups of version 2 are mounted on a Debian system.</summary>
    public const string Mount = "/sys/fs/cgroup";

    private const string Name = "hearth";

    // Copies of pages that a guest changes before they were saved, a quarter of its memory; and what its process is made of.
    private const int CopiesShare = 4;
    private const long Overhead = 512L << 20;
    private const int Threads = 512;

    private readonly string _parent;

    /// <param name="mount">A folder of cgroups of version 2 that this process may make others in.</param>
    public GuestGroups(string mount = Mount)
    {
        _parent = Path.Combine(mount, Name);
        Obstacle = Environment.IsPrivilegedProcess ? Cgroup.Obstacle(mount) : "only root makes groups of processes here";
        if (Obstacle is not null)
            return;
        try
        {
            // The kernel gives controllers to groups below one without processes.
            _ = Cgroup.Create(mount, Name).Apply(new CgroupLimits());
        }
        catch (LinuxException error)
        {
            Obstacle = error.Message;
        }
    }

    /// <summary>Why there are none, a sentence without a full stop; null where there are.</summary>
    public string? Obstacle { get; }

    /// <summary>The group of a guest that has been started; null where it has none.</summary>
    public Cgroup? Find(int guest) => Obstacle is null ? Cgroup.Find(_parent, NameOf(guest)) : null;

    /// <summary>The group that a guest's process begins in; null where there are none.</summary>
    /// <param name="memory">Bytes of the guest's memory.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public Cgroup? Open(int guest, GuestDefinition definition, ulong memory)
    {
        if (Obstacle is not null)
            return null;
        var group = Cgroup.Create(_parent, NameOf(guest));
        _ = group.Apply(new CgroupLimits
        {
            Memory = (long)memory + ((long)memory / CopiesShare) + Overhead,
            Swap = 0,
            ProcessorWeight = definition.CpuWeight,
            Processors = definition.CpuCap is { } cap ? cap / 100.0 : null,
            Threads = Threads,
        });
        return group;
    }

    private static string NameOf(int guest) => guest.ToString(CultureInfo.InvariantCulture);
}
