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

    /// <summary>The packages and all they depend on, as apt would install them on an empty system without what is only recommended.</summary>
    /// <returns>Null when a list lacks one of them.</returns>
    public IReadOnlyList<PackageRecord>? Resolve(IEnumerable<string> packages)
    {
        if (!File.Exists(_configuration))
            return null;
        CommandResult plan = HostCommand.Run("apt-get", ["-c", _configuration, "-q", "-s", "install", "--no-install-recommends", .. packages]);
        return plan.ExitCode == 0 ? PackageRecord.ParsePlan(plan.Output) : null;
    }

    /// <summary>Downloads packages; apt verifies them against the signed lists.</summary>
    /// <returns>The paths of the .deb files.</returns>
    /// <exception cref="GuestsException">One cannot be downloaded.</exception>
    public IReadOnlyList<string> Download(IReadOnlyList<PackageRecord> packages, string to)
    {
        ArgumentNullException.ThrowIfNull(packages);
        string[] versions = [.. packages.Select(package => $"{package.Name}={package.Version}")];
        CommandResult result = HostCommand.Run("apt-get", ["-c", _configuration, "-q", "download", .. versions], to);
        string[] files = Directory.GetFiles(to, "*.deb");
        string what = versions.Length == 1 ? versions[0] : $"{versions.Length} packages";
        return result.ExitCode == 0 && files.Length == packages.Count
            ? files
            : throw new GuestsException($"apt cannot download {what} for {Architecture}: {result.LastWords}");
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
