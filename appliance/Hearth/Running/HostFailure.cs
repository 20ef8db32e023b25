using Hearth.House;
using Hearth.Linux;
using Hearth.Snapshots;
using Hearth.Storage;
using Hearth.Store;

namespace Hearth.Running;

/// <summary>What can go wrong with the host while something is done for a guest.</summary>
internal static class HostFailure
{
    public static bool IsOne(Exception error) =>
        error is GuestRunException or SnapshotException or StorageException or StoreException or HouseException or LinuxException or UsageException or IOException or UnauthorizedAccessException;

    /// <summary>True for what another attempt, a while later, may do without: no descriptors, memory or room. What is missing or damaged stays so.</summary>
    public static bool IsOfTheHost(Exception error) => error switch
    {
        LinuxException { IsMissing: true } or FileNotFoundException or DirectoryNotFoundException or GuestRunException { Failure: not GuestRunFailure.Host } => false,
        LinuxException or IOException or UnauthorizedAccessException or StoreException => true,
        _ => error.InnerException is { } inner && IsOfTheHost(inner),
    };

    /// <summary>One sentence of it.</summary>
    public static GuestRunException Explain(Exception error) => error as GuestRunException ?? new GuestRunException(error.Message.TrimEnd('.'), GuestRunFailure.Host, error);
}
