using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Proving.Qemu;

/// <summary>A QEMU for x86 that can be run here.</summary>
/// <param name="Arguments">What it needs on every command line, such as where its firmware is.</param>
/// <param name="Environment">What must be set for it.</param>
public sealed record QemuProgram(string Path, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment)
{
    private const string Name = "qemu-system-x86_64";

    /// <summary>The translator and the display adapters are modules, all of one package.</summary>
    private const string Modules = "usr/lib/x86_64-linux-gnu/qemu";

    /// <summary>Each has a part of what an installed QEMU finds by links from one to the other.</summary>
    private static readonly string[] s_firmware = ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"];

    /// <summary>The one that is installed, or else Debian's in the cache.</summary>
    /// <exception cref="GuestsException">There is none, and it cannot be fetched.</exception>
    public static QemuProgram Find(PackageCache cache) => HostCommand.Find(Name) is { } installed
        ? new QemuProgram(installed, [], new Dictionary<string, string>())
        : FromCache(cache);

    /// <summary>Debian's, fetched into the cache with everything it depends on when it is not there yet.</summary>
    /// <exception cref="GuestsException">It cannot be fetched.</exception>
    public static QemuProgram FromCache(PackageCache cache)
    {
        DebianProgram program = DebianProgram.Fetch(cache, "usr/bin/" + Name, "qemu-system-x86");
        return new QemuProgram(
            program.Path,
            [.. s_firmware.SelectMany(program.Folders).SelectMany(folder => new[] { "-L", folder })],
            new Dictionary<string, string>(program.Environment) { ["QEMU_MODULE_DIR"] = program.Folders(Modules)[0] });
    }
}
