using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench.Cpu;

/// <summary>The same work as a guest and as a program of the host.</summary>
/// <param name="real">Null when no row needs it.</param>
internal sealed class BenchGuest(GuestPrograms programs, ProgramTree? real, IReadOnlyList<BenchRow> rows)
{
    private const string ProgramFolder = "bench";
    private const string RealFolder = "real";

    private readonly GuestPrograms _programs = programs;
    private readonly ProgramTree? _real = real;
    private readonly string[] _rows = [.. rows.Select(row => row.Name)];

    /// <summary>Writes an initramfs that runs the rows and powers off.</summary>
    public GuestConfiguration Create(string kernel, string directory)
    {
        var cache = PackageCache.Default();
        var builder = new InitramfsBuilder().AddBusybox(cache.Fetch("busybox-static"));
        foreach (string program in (string[])[GuestPrograms.Main, GuestPrograms.Exit])
            builder.AddFile($"{ProgramFolder}/{program}", File.ReadAllBytes(Path.Combine(_programs.Directory, program)), executable: true);
        foreach (string file in _real?.Files() ?? [])
        {
            bool executable = !file.StartsWith("data", StringComparison.Ordinal);
            builder.AddFile($"{RealFolder}/{file}", File.ReadAllBytes(Path.Combine(_real!.Directory, file)), executable);
        }

        string commands = _real is null ? "" : $"--commands /{RealFolder}/{Path.GetFileName(_real.Commands)} ";
        builder.Run($"mount -t tmpfs tmp /tmp\n/{ProgramFolder}/{GuestPrograms.Main} --scratch /tmp {commands}{string.Join(' ', _rows)}");

        // Not compressed: to inflate hundreds of megabytes takes a translated kernel longer than all rows.
        string initrd = Path.Combine(directory, "initrd.img");
        using (FileStream file = File.Create(initrd))
            builder.Write(file);
        return new GuestConfiguration(cache.FetchKernel(kernel).Image, initrd)
        {
            CommandLine = "console=ttyS0 panic=-1 quiet",
            Memory = _real is null ? "1G" : "2G",
        };
    }

    /// <param name="scratch">A folder in memory.</param>
    /// <param name="options">Further options of the programs.</param>
    public Contender Native(string scratch, params IEnumerable<string> options) => new("native", _programs.MainPath,
    [
        "--scratch", scratch, .. _real is null ? Array.Empty<string>() : ["--commands", _real.Commands], .. options, .. _rows,
    ]);
}
