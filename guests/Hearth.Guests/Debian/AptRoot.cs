namespace Hearth.Guests.Debian;

/// <summary>
/// apt with lists, state and cache of its own, for one architecture: needs no root, leaves the host's apt alone, and reads
/// i386 packages without <c>dpkg --add-architecture</c>. Sources and keys are the host's.
/// </summary>
public sealed class AptRoot
{
    private readonly string _directory;
    private readonly string _configuration;

    /// <param name="directory">Where lists and state live; created as needed.</param>
    /// <param name="architecture">Debian's name of it: <c>amd64</c>, <c>i386</c>.</param>
    public AptRoot(string directory, string architecture)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentException.ThrowIfNullOrEmpty(architecture);
        _directory = Path.GetFullPath(directory);
        Architecture = architecture;
        _configuration = Path.Combine(_directory, "apt.conf");
    }

    public string Architecture { get; }

    /// <summary>Fetches the package lists.</summary>
    /// <remarks>One list that cannot be had is no failure: what matters is whether the package is found afterwards.</remarks>
    /// <returns>How apt ended.</returns>
    /// <exception cref="GuestsException">There is no apt.</exception>
    public CommandResult Update()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "state/lists/partial"));
        Directory.CreateDirectory(Path.Combine(_directory, "cache/archives/partial"));
        File.WriteAllText(Path.Combine(_directory, "state/status"), "");
        File.WriteAllText(_configuration, Configuration());
        return HostCommand.Run("apt-get", ["-c", _configuration, "-q", "update"]);
    }

    /// <returns>Null when no list has the package.</returns>
    public PackageRecord? Find(string package)
    {
        if (!File.Exists(_configuration))
            return null;
        CommandResult shown = HostCommand.Run("apt-cache", ["-c", _configuration, "show", "--no-all-versions", package]);
        return shown.ExitCode == 0 ? PackageRecord.Parse(shown.Output) : null;
    }

    /// <summary>Downloads one package; apt verifies it against the signed lists.</summary>
    /// <returns>The path of the .deb file.</returns>
    /// <exception cref="GuestsException">It cannot be downloaded.</exception>
    public string Download(PackageRecord package, string to)
    {
        ArgumentNullException.ThrowIfNull(package);
        CommandResult result = HostCommand.Run("apt-get", ["-c", _configuration, "-q", "download", $"{package.Name}={package.Version}"], to);
        string? file = Directory.GetFiles(to, "*.deb").FirstOrDefault();
        return result.ExitCode == 0 && file is not null
            ? file
            : throw new GuestsException($"apt cannot download {package.Name} {package.Version} for {Architecture}: {result.LastWords}");
    }

    // A -c file is read last, so it also takes back what the host's apt does after an update to the host's own cache.
    private string Configuration() => $"""
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        #clear APT::Architectures;
        APT::Architecture "{Architecture}";
        APT::Architectures "{Architecture}";
        APT::Sandbox::User "";
        Acquire::Languages "none";
        Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
        Acquire::Retries "3";
        Debug::NoLocking "true";
        Dir::State "{_directory}/state";
        Dir::State::status "{_directory}/state/status";
        Dir::Cache "{_directory}/cache";

        """;
}
