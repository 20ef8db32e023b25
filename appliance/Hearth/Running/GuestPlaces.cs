using System.Globalization;

namespace Hearth.Running;

/// <summary>Where the files of guests lie in the house's home folder.</summary>
internal sealed class GuestPlaces(string home)
{
    // Debian has them, and no program that a guest's process needs lies there.
    private static readonly string[] s_usual = ["/mnt", "/media", "/srv"];

    /// <summary>The snapshot store.</summary>
    public string States => Path.Combine(home, "states");

    /// <summary>Sockets, and what else is gone when the host is.</summary>
    public string Runtime => Path.Combine(home, "run");

    /// <summary>A folder over which each guest's process has its empty root, for nobody else to see. Processes with a user of their own must be able to reach it.</summary>
    public string EmptyRoot => UsualRoot ?? OwnRoot;

    /// <summary>Root's, where there is one; null for others, whose processes can reach what they can.</summary>
    public static string? UsualRoot => Environment.IsPrivilegedProcess
        ? s_usual.FirstOrDefault(folder => Directory.Exists(folder) && !AppContext.BaseDirectory.StartsWith(folder, StringComparison.Ordinal))
        : null;

    private string OwnRoot => Path.Combine(Runtime, "root");

    /// <summary>Makes what is always there. Processes of other users go through the runtime folder, and see nothing of the rest.</summary>
    public void Prepare()
    {
        const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode WayThrough = OnlyOwner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        _ = Directory.CreateDirectory(Runtime, WayThrough);
        _ = Directory.CreateDirectory(OwnRoot, WayThrough);
        _ = Directory.CreateDirectory(States, OnlyOwner);
        _ = Directory.CreateDirectory(Path.Combine(home, "guests"), OnlyOwner);
    }

    public string ControlSocket(int guest) => Path.Combine(Runtime, Text($"{guest}.control"));

    public string ConsoleSocket(int guest) => Path.Combine(Runtime, Text($"{guest}.console"));

    /// <summary>Takes away the names of what nobody listens on any more. Where that fails the next process of the guest takes their place.</summary>
    public void TryRemoveSockets(int guest)
    {
        try
        {
            File.Delete(ControlSocket(guest));
            File.Delete(ConsoleSocket(guest));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // They are names, and nobody is behind them.
        }
    }

    /// <summary>What the passts of a guest may write to.</summary>
    public string NetworkOf(int guest) => Path.Combine(Runtime, Text($"{guest}.net"));

    /// <summary>Where the passt of a NIC listens.</summary>
    public string PasstSocket(int guest, int network) => Path.Combine(NetworkOf(guest), Text($"{network}.passt"));

    /// <summary>Which process that is (<see cref="Linux.Jail.ProcessIdentity"/>).</summary>
    public string PasstProcess(int guest, int network) => Path.Combine(Runtime, Text($"{guest}.{network}.passt-process"));

    public string FolderOf(int guest) => Path.Combine(home, "guests", Text($"{guest}"));

    /// <summary>What memory the guest needed first when it was restored last.</summary>
    public string WorkingSetOf(int guest) => Path.Combine(FolderOf(guest), "first");

    /// <summary>What the guest's process says.</summary>
    public string LogOf(int guest) => Path.Combine(FolderOf(guest), "log");

    /// <summary>A file of a disk: what the guest has written between two saved states.</summary>
    public string LayerOf(int guest, int disk, int number) => Path.Combine(FolderOf(guest), Text($"disk{disk}-{number:D6}.qcow2"));

    /// <summary>Finds the number in the name of a layer.</summary>
    public static bool TryReadLayer(string file, out int disk, out int number)
    {
        (disk, number) = (0, 0);
        string name = Path.GetFileNameWithoutExtension(file);
        return Path.GetExtension(file) == ".qcow2" && name.StartsWith("disk", StringComparison.Ordinal) && name[4..].Split('-') is [var first, var second]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out disk)
            && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
