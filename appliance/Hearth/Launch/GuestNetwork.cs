using Hearth.Commands;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Switch;

namespace Hearth.Launch;

/// <summary>Opens what a guest's NICs are plugged into.</summary>
internal static class GuestNetwork
{
    // Locally administered; each guest is alone on its passt, so that all may have the same.
    private const ulong FirstAddress = 0x02_48_54_00_00_01;

    /// <param name="index">The NIC's place among the guest's.</param>
    /// <param name="keep">Takes what was opened.</param>
    /// <param name="passt">How passt is to be started.</param>
    /// <exception cref="UsageException">There is nothing to plug it into.</exception>
    public static NetworkConfiguration Open(NetworkOption option, int index, Func<FileDescriptor, FileDescriptor> keep, PasstStart passt)
    {
        string address = (option.Address ?? AddressOf(option, index)).ToString();
        switch (option.Kind)
        {
            case NetworkKind.User:
                int process = Passt.Start(passt.Program, passt.IsHeard, out FileDescriptor guestEnd);
                passt.Started(process);
                return new NetworkConfiguration(keep(guestEnd).Number, address, process);
            case NetworkKind.Tap:
                return new NetworkConfiguration(keep(OpenTap(option)).Number, address) { IsTap = true };
            default:
                return new NetworkConfiguration(keep(Passt.Connect(option.Kind == NetworkKind.Passt ? "passt" : "switch", option.Name)).Number, address);
        }
    }

    /// <summary>The station of a switch's port when nobody says another one: the same for the guest and for the switch, and no other port's.</summary>
    public static EthernetAddress AddressOfPort(string socket) => EthernetAddress.Of($"switch {Path.GetFullPath(socket)}", HostIdentity.Read());

    private static EthernetAddress AddressOf(NetworkOption option, int index) => option.Kind switch
    {
        NetworkKind.Switch => AddressOfPort(option.Name),
        NetworkKind.Tap => EthernetAddress.Of($"tap {option.Name}", HostIdentity.Read()),
        _ => new EthernetAddress(FirstAddress + (ulong)index),
    };

    private static FileDescriptor OpenTap(NetworkOption option)
    {
        try
        {
            return TapInterface.Open(option.Name, option.Bridge);
        }
        catch (LinuxException error) when (error.IsDenied)
        {
            throw new UsageException(
                $"--net tap:{option.Name}: {error.Message}; it takes root, CAP_NET_ADMIN, or an interface made for this user with `ip tuntap add {option.Name} mode tap user USER`", error);
        }
        catch (LinuxException error)
        {
            throw new UsageException($"--net tap:{option.Name}: {error.Message}", error);
        }
    }
}
