using System.Security.Cryptography;
using System.Text;
using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Bench.Cpu;

/// <summary>
/// Programs of Debian with their libraries and data in one folder of the cache, which runs wherever it lies:
/// <code>
/// bin/       xz, openssl, python3, ffmpeg
/// lib/       the loader and every library they load
/// python/    Python's own modules
/// data/      what the programs work on
/// commands   the rows, as the measured programs read them
/// </code>
/// The host and the guests run the same bytes.
/// </summary>
internal sealed class ProgramTree
{
    /// <summary>Goes up when the same packages give another folder.</summary>
    private const int Recipe = 2;

    private const int TextSize = 8 << 20;
    private const int SmallTextSize = 512 << 10;
    private const string CommandsFile = "commands";

    private static readonly string[] s_packages = ["xz-utils", "openssl", "python3-minimal", "ffmpeg"];
    private static readonly string[] s_programs = ["usr/bin/xz", "usr/bin/openssl", "usr/bin/python3", "usr/bin/ffmpeg"];

    private ProgramTree(string directory) => Directory = directory;

    public string Directory { get; }

    public string Commands => Path.Combine(Directory, CommandsFile);

    /// <summary>Fetches, unpacks and puts together what is not in the cache yet.</summary>
    /// <exception cref="GuestsException">A package cannot be had, or a program does not run.</exception>
    public static ProgramTree Create()
    {
        IReadOnlyList<DebianPackage> packages = PackageCache.Default().FetchWithDependencies(s_packages);
        string target = Path.Combine(CacheDirectory.Default(), "bench", "real-" + Hash(packages));
        if (!System.IO.Directory.Exists(target))
            Assemble(packages, target);
        return new ProgramTree(target);
    }

    /// <summary>Every file, its path relative to the folder.</summary>
    public IEnumerable<string> Files() => System.IO.Directory
        .EnumerateFiles(Directory, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Directory, path));

    private static void Assemble(IReadOnlyList<DebianPackage> packages, string target)
    {
        Console.Error.WriteLine("putting together the programs of Debian; this happens once");
        string work = $"{target}.{Environment.ProcessId}";
        foreach (string folder in (string[])["bin", "lib", "data"])
            CacheDirectory.Create(Path.Combine(work, folder));
        try
        {
            CopyPrograms(packages, work);
            CopyPython(packages, work);
            CreateData(work);
            File.WriteAllLines(Path.Combine(work, CommandsFile), RealRow.All.Select(row => $"{row.Name} {row.Times} {row.Command}"));
            System.IO.Directory.Move(work, target);
        }
        finally
        {
            if (System.IO.Directory.Exists(work))
                System.IO.Directory.Delete(work, recursive: true);
        }
    }

    private static void CopyPrograms(IReadOnlyList<DebianPackage> packages, string work)
    {
        var libraries = new SharedLibraries(packages);
        foreach (string program in s_programs)
        {
            string path = Find(packages, program);
            File.Copy(path, Path.Combine(work, "bin", Path.GetFileName(program)));
            foreach (string library in libraries.Of(path))
                File.Copy(library, Path.Combine(work, "lib", Path.GetFileName(library)), overwrite: true);
        }
    }

    /// <summary>A link may lead into another package.</summary>
    private static string Find(IReadOnlyList<DebianPackage> packages, string program)
    {
        string path = packages.Select(package => Path.Combine(package.Directory, program)).FirstOrDefault(File.Exists)
            ?? throw new GuestsException($"none of the packages of {string.Join(", ", s_packages)} has {program}");
        return new FileInfo(path).LinkTarget is { } target ? Find(packages, Path.Combine(Path.GetDirectoryName(program)!, target)) : path;
    }

    /// <summary>Copies the modules and compiles them in the way that does not look at time stamps, of which an initramfs has none.</summary>
    private static void CopyPython(IReadOnlyList<DebianPackage> packages, string work)
    {
        foreach (DebianPackage package in packages.Where(package => package.Name.Contains("python3.", StringComparison.Ordinal)))
        {
            string from = Path.Combine(package.Directory, "usr");
            foreach (string file in System.IO.Directory.EnumerateFiles(from, "*.py", SearchOption.AllDirectories).Where(IsModule))
            {
                string to = Path.Combine(work, "python", Path.GetRelativePath(from, file));
                System.IO.Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }
        }

        const string Compile = """
            import os, py_compile
            for directory, _, names in os.walk('python'):
                for name in names:
                    py_compile.compile(os.path.join(directory, name), quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            """;
        Require(work, "python3", ["-c", Compile]);

        // A link into /etc leads nowhere here.
        static bool IsModule(string path) => File.ResolveLinkTarget(path, returnFinalTarget: false) is null;
    }

    private static void CreateData(string work)
    {
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Programs/loop.py"), Path.Combine(work, "data/loop.py"));
        File.WriteAllBytes(Path.Combine(work, "data/text"), SampleText.Create(TextSize));
        File.WriteAllBytes(Path.Combine(work, "data/text-small"), SampleText.Create(SmallTextSize));
        Require(work, "xz", ["-6", "-T1", "-k", "data/text"]);
        Require(work, "ffmpeg",
        [
            "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=30",
            "-c:v", "libx264", "-pix_fmt", "yuv420p", "data/clip.mkv",
        ]);
    }

    private static void Require(string work, string program, IEnumerable<string> arguments) => HostCommand.Require(
        "/usr/bin/env", ["PYTHONHOME=python", .. RealRow.Run(program, "").Split(' ', StringSplitOptions.RemoveEmptyEntries), .. arguments], work);

    private static string Hash(IReadOnlyList<DebianPackage> packages)
    {
        IEnumerable<string> parts = packages.Select(package => $"{package.Name} {package.Version}").Order(StringComparer.Ordinal)
            .Append(Recipe.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .Concat(RealRow.All.Select(row => row.ToString()));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];
    }
}
