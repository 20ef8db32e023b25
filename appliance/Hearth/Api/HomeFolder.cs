namespace Hearth.Api;

/// <summary>The folder of a house: its store, its lock, and the socket by which it is reached.</summary>
internal sealed record HomeFolder(string Path)
{
    private const string Variable = "HEARTH_HOME";
    private const string Name = "hearth";
    private const UnixFileMode WayThrough = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string Socket => Within("hearth.sock");

    public string Lock => Within("hearth.lock");

    public string Log => Within("hearth.log");

    /// <summary>$HEARTH_HOME; else /var/lib/hearth for root, and for others hearth in $XDG_DATA_HOME or ~/.local/share.</summary>
    public static HomeFolder Default()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return Of(named);
        if (Environment.IsPrivilegedProcess)
            return new HomeFolder("/var/lib/hearth");
        string? data = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        return new HomeFolder(string.IsNullOrEmpty(data)
            ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share", Name)
            : System.IO.Path.Combine(data, Name));
    }

    /// <param name="path">From wherever the process is.</param>
    public static HomeFolder Of(string path) => new(System.IO.Path.GetFullPath(path));

    /// <summary>Makes the folder where it is not there, for its owner alone; root's lets the users of guests' processes through, who see nothing in it.</summary>
    /// <exception cref="UsageException">It cannot be made.</exception>
    public void Prepare()
    {
        try
        {
            _ = Directory.CreateDirectory(Path, Environment.IsPrivilegedProcess ? OnlyOwner | WayThrough : OnlyOwner);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the home folder {Path} cannot be made ({error.Message.TrimEnd('.')}): choose another with --home DIR or ${Variable}", error);
        }
    }

    private string Within(string name) => System.IO.Path.Combine(Path, name);
}
