using System.Security.Cryptography;
using System.Text;
using Hearth.Guests;

namespace Hearth.Bench.Cpu;

/// <summary>
/// The measured programs: C sources beside this program, built once with the host's gcc as static executables. The cache keeps
/// them under the hash of sources, options and compiler, so that all sides run the very same bytes.
/// </summary>
internal sealed class GuestPrograms
{
    public const string Main = "programs";
    public const string Exit = "exit";

    /// <summary>The rows of devices, which run in a guest only.</summary>
    public const string Io = "io";

    private const string Common = "common";

    private static readonly string[] s_options = ["-O2", "-static", "-std=gnu11", "-Wall", "-Wextra", "-Werror"];

    private GuestPrograms(string directory, string compiler)
    {
        Directory = directory;
        Compiler = compiler;
    }

    /// <summary>The folder of the executables.</summary>
    public string Directory { get; }

    /// <summary>The compiler's own words about its version.</summary>
    public string Compiler { get; }

    public string MainPath => Path.Combine(Directory, Main);

    /// <exception cref="GuestsException">There is no gcc, or it fails.</exception>
    public static GuestPrograms Build()
    {
        string gcc = HostCommand.Find("gcc")
            ?? throw new GuestsException(
                "gcc is not installed, so the measured programs cannot be built; install it with: apt-get install gcc libc6-dev");
        string compiler = HostCommand.Require(gcc, ["--version"]).Split('\n')[0];
        string sources = Path.Combine(AppContext.BaseDirectory, "Programs");
        string[] files = [.. System.IO.Directory.GetFiles(sources).Order(StringComparer.Ordinal)];
        string cache = Path.Combine(CacheDirectory.Default(), "bench");
        string target = Path.Combine(cache, Hash(files, compiler));
        if (!System.IO.Directory.Exists(target))
        {
            CacheDirectory.Create(cache);
            Compile(gcc, files, target);
        }

        return new GuestPrograms(target, compiler);
    }

    /// <summary>All rows the programs have, in their order.</summary>
    public IReadOnlyList<BenchRow> Rows() =>
    [
        .. HostCommand.Require(MainPath, ["--list"])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .Select(words => new BenchRow(words[0], words[1])),
    ];

    /// <summary>Builds beside the target and moves there, so that a run that is interrupted leaves no half of it.</summary>
    private static void Compile(string gcc, string[] files, string target)
    {
        string work = $"{target}.{Environment.ProcessId}";
        System.IO.Directory.CreateDirectory(work);
        try
        {
            string exit = Source(files, Exit);
            string io = Source(files, Io);
            IEnumerable<string> main = files.Where(file => file.EndsWith(".c", StringComparison.Ordinal) && file != exit && file != io);
            HostCommand.Require(gcc, [.. s_options, "-pthread", "-o", Path.Combine(work, Main), .. main]);
            HostCommand.Require(gcc, [.. s_options, "-o", Path.Combine(work, Io), io, Source(files, Common)]);
            HostCommand.Require(gcc, [.. s_options, "-nostdlib", "-o", Path.Combine(work, Exit), exit]);
            System.IO.Directory.Move(work, target);
        }
        catch (IOException) when (System.IO.Directory.Exists(target))
        {
            // Another run was faster; its files are the same.
            System.IO.Directory.Delete(work, recursive: true);
        }
    }

    private static string Source(string[] files, string program) => files.Single(file => Path.GetFileName(file) == program + ".c");

    private static string Hash(string[] files, string compiler)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', [compiler, .. s_options])));
        foreach (string file in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{Path.GetFileName(file)}\n"));
            hash.AppendData(File.ReadAllBytes(file));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
