using System.Globalization;
using Hearth.Commands;
using Hearth.Launch;
using Hearth.Linux;
using Hearth.Linux.Jail;

namespace Hearth.Running;

/// <summary>
/// The passt of each NIC behind the host's network. It outlives the guest's process, as connections do: a guest that is saved, or killed and brought back, finds those still open whose
/// other end is still there.
/// </summary>
internal sealed class GuestPassts(GuestPlaces places)
{
    // As the users of guests' processes, and others.
    private const uint FirstUser = 800_000;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(2);

    /// <summary>What a guest is to be started with, where its NICs of this kind are sockets that a passt listens at.</summary>
    /// <exception cref="UsageException">There is no passt, or it cannot be started.</exception>
    public IReadOnlyList<NetworkOption> Connect(int guest, IReadOnlyList<NetworkOption> networks) =>
        [.. networks.Select((network, index) => network.Kind == NetworkKind.User ? network with { Kind = NetworkKind.Passt, Name = Ensure(guest, index) } : network)];

    /// <summary>Ends those of a guest: it will not go on with its connections.</summary>
    public void End(int guest)
    {
        foreach (string file in Directory.EnumerateFiles(places.Runtime, string.Create(CultureInfo.InvariantCulture, $"{guest}.*.passt-process")))
        {
            if (Find(file) is { } process)
            {
                using (process)
                    End(process);
            }

            File.Delete(file);
        }

        if (Directory.Exists(places.NetworkOf(guest)))
            Directory.Delete(places.NetworkOf(guest), recursive: true);
    }

    /// <returns>The socket.</returns>
    private string Ensure(int guest, int index)
    {
        string socket = places.PasstSocket(guest, index);
        string file = places.PasstProcess(guest, index);
        using ProcessHandle? there = Find(file);
        if (there is not null && File.Exists(socket))
            return WaitListening(there, socket, $"the guest's passt does not listen: end its process, {there.Id}, and start the guest again");
        string[] user = PrepareFolder(guest);
        File.Delete(socket);
        string program = Passt.Find() ?? throw new UsageException($"the guest's network needs the program passt, and {Passt.Missing}");
        try
        {
            using FileDescriptor nothing = FileDescriptor.Open("/dev/null", FileAccessMode.Read);
            using var process = ProcessHandle.Open(ProcessImage.Spawn(program, [program, "--foreground", "--quiet", "--socket", socket, .. user], nothing, isHeard: false));
            File.WriteAllText(file, process.Identity.ToString());
            return WaitListening(process, socket, $"passt does not start: `{program} --foreground --socket {socket}` says why");
        }
        catch (LinuxException error)
        {
            throw new UsageException(error.Message, error);
        }
    }

    /// <summary>Its socket is there before it listens. To find out by connecting is no way: passt has one connection at a time, and turns the guest's away while it has another.</summary>
    /// <param name="failure">What is said when it never does.</param>
    /// <returns>The socket.</returns>
    private static string WaitListening(ProcessHandle process, string socket, string failure)
    {
        for (TimeSpan waited = TimeSpan.Zero; !IsListening(socket); waited += s_pace)
        {
            if (process.WaitEnded(s_pace) || waited > s_limit)
                throw new UsageException(failure);
        }

        return socket;
    }

    /// <summary>The flag __SO_ACCEPTCON in the fourth column, and the path in the last one (proc_pid_net(5), /proc/net/unix).</summary>
    internal static bool IsListening(string socket)
    {
        const string Listens = "00010000";
        return File.ReadLines("/proc/net/unix").Any(line => line.EndsWith($" {socket}", StringComparison.Ordinal) && line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries)[3] == Listens);
    }

    /// <returns>Options that say whom it runs as. Otherwise root's becomes nobody, who cannot put a socket into any folder of ours.</returns>
    private string[] PrepareFolder(int guest)
    {
        const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        _ = Directory.CreateDirectory(places.NetworkOf(guest), OnlyOwner);
        if (!Environment.IsPrivilegedProcess)
            return [];
        uint user = FirstUser + (uint)guest;
        FileDescriptor.GiveTo(places.NetworkOf(guest), user, user);
        return ["--runas", string.Create(CultureInfo.InvariantCulture, $"{user}:{user}")];
    }

    private static ProcessHandle? Find(string file) =>
        File.Exists(file) && ProcessIdentity.TryParse(File.ReadAllText(file), out ProcessIdentity identity) ? ProcessHandle.TryOpen(identity) : null;

    private static void End(ProcessHandle process)
    {
        _ = process.TrySignal(Signal.Kill);
        _ = process.WaitEnded(s_limit);

        // A child of this supervisor, or of one before it.
        _ = process.TryReap();
    }
}
