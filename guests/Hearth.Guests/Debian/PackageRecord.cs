namespace Hearth.Guests.Debian;

/// <summary>What apt knows of the version it would install (deb-control(5)).</summary>
/// <param name="Depends">The first alternative of every dependency, without version.</param>
public sealed record PackageRecord(string Name, string Version, IReadOnlyList<string> Depends)
{
    /// <summary>Reads the first stanza of <c>apt-cache show</c>.</summary>
    /// <returns>Null when the text has no package.</returns>
    public static PackageRecord? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string? name = null;
        string? version = null;
        string depends = "";
        foreach (string line in text.Split('\n').TakeWhile(line => line.Length > 0))
        {
            if (line.StartsWith("Package: ", StringComparison.Ordinal))
                name = line["Package: ".Length..].Trim();
            else if (line.StartsWith("Version: ", StringComparison.Ordinal))
                version = line["Version: ".Length..].Trim();
            else if (line.StartsWith("Depends: ", StringComparison.Ordinal))
                depends = line["Depends: ".Length..];
        }

        return name is null || version is null
            ? null
            : new PackageRecord(name, version, [.. depends.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(FirstName)]);
    }

    /// <summary>Reads what <c>apt-get -s install</c> would install: lines such as <c>Inst NAME (VERSION ORIGIN [ARCHITECTURE])</c>.</summary>
    /// <returns>The packages without their dependencies, which are among them.</returns>
    public static IReadOnlyList<PackageRecord> ParsePlan(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return
        [
            .. text.Split('\n')
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words is ["Inst", _, ['(', ..], ..])
                .Select(words => new PackageRecord(words[1], words[2][1..], [])),
        ];
    }

    private static string FirstName(string dependency) => dependency.Split('|')[0].Trim().Split(' ', ':')[0];
}
