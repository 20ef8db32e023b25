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

    /// <summary>One sentence of it.</summary>
    public static GuestRunException Explain(Exception error) => error as GuestRunException ?? new GuestRunException(error.Message.TrimEnd('.'), GuestRunFailure.Host, error);
}
