using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Proving.Bochs;

/// <summary>A bochs that can be run here.</summary>
/// <param name="Bios">Its BIOS.</param>
/// <param name="VideoBios">That of its display adapter, without which the BIOS does not start.</param>
/// <param name="Environment">What must be set for it.</param>
public sealed record BochsProgram(string Path, string Bios, string VideoBios, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Debian's <c>bochs</c> is a script around it.</summary>
    private const string Name = "bochs-bin";

    private const string BiosPath = "usr/share/bochs/BIOS-bochs-latest";
    private const string VideoBiosPath = "usr/share/vgabios/vgabios.bin";

    /// <summary>Every device is a library, looked for where it would be installed. This is seen from the program; the other packages have displays only.</summary>
    private const string Plugins = "../lib/x86_64-linux-gnu/bochs/plugins";

    /// <summary>The one that is installed, or else Debian's in the cache.</summary>
    /// <exception cref="GuestsException">There is none, and it cannot be fetched.</exception>
    public static BochsProgram Find(PackageCache cache) => HostCommand.Find(Name) is { } installed
        ? new BochsProgram(installed, "/" + BiosPath, "/" + VideoBiosPath, new Dictionary<string, string>())
        : FromCache(cache);

    /// <summary>Debian's, fetched into the cache with everything it depends on when it is not there yet.</summary>
    /// <exception cref="GuestsException">It cannot be fetched.</exception>
    public static BochsProgram FromCache(PackageCache cache)
    {
        // bochs-term: one of the displays must be there, and this one needs the fewest packages.
        DebianProgram program = DebianProgram.Fetch(cache, "usr/bin/" + Name, "bochs", "bochs-term", "bochsbios", "vgabios");
        return new BochsProgram(
            program.Path,
            FileOf(program, BiosPath),
            FileOf(program, VideoBiosPath),
            new Dictionary<string, string>(program.Environment) { ["LTDL_LIBRARY_PATH"] = System.IO.Path.GetFullPath(Plugins, System.IO.Path.GetDirectoryName(program.Path)!) });
    }

    private static string FileOf(DebianProgram program, string path) =>
        System.IO.Path.Combine(program.Folders(System.IO.Path.GetDirectoryName(path)!)[0], System.IO.Path.GetFileName(path));
}
