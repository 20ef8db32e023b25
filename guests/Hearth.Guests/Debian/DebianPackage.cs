namespace Hearth.Guests.Debian;

/// <summary>An unpacked package in the cache.</summary>
/// <param name="Directory">Its root: <c>usr/bin/passt</c> of the package is at <c>Directory/usr/bin/passt</c>.</param>
public sealed record DebianPackage(string Name, string Version, string Architecture, string Directory)
{
    /// <exception cref="GuestsException">The package has no such file.</exception>
    public string File(string path)
    {
        string full = Path.Combine(Directory, path);
        return System.IO.File.Exists(full) ? full : throw new GuestsException($"{Name} {Version} has no file {path}");
    }
}
