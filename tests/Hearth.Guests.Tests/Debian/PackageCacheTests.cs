using Hearth.Guests.Debian;

namespace Hearth.Guests.Tests.Debian;

public sealed class PackageCacheTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hearth-guests-");

    [Theory]
    [InlineData("amd64", 2)]
    [InlineData("i386", 1)]
    public void Busybox_fetched_isUnpackedForItsArchitecture(string architecture, byte elfClass)
    {
        DebianPackage package = PackageCache.Default().Fetch("busybox-static", architecture);

        byte[] busybox = File.ReadAllBytes(package.File("bin/busybox"));
        Assert.Equal(elfClass, busybox[4]);
        Assert.Equal(architecture, package.Architecture);
    }

    [Fact]
    public void Kernel_fetchedByItsMetapackage_isTheConcreteOne()
    {
        KernelPackage kernel = PackageCache.Default().FetchKernel("linux-image-cloud-amd64");

        Assert.EndsWith("-cloud-amd64", kernel.Release, StringComparison.Ordinal);
        Assert.True(File.Exists(kernel.Image));
        Assert.True(File.Exists(Path.Combine(kernel.ModuleDirectory, "modules.builtin")));
    }

    [Fact]
    public void Passt_fetched_runsFromTheCache()
    {
        DebianPackage package = PackageCache.Default().Fetch("passt");

        CommandResult result = HostCommand.Run(package.File("usr/bin/passt"), ["--version"]);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("passt", result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Xz_fetchedWithDependencies_runsOnItsOwnLibraries()
    {
        IReadOnlyList<DebianPackage> packages = PackageCache.Default().FetchWithDependencies(["xz-utils"]);

        string File(string package, string path) => packages.Single(one => one.Name == package).File(path);
        string libraries = Path.GetDirectoryName(File("libc6", "lib/x86_64-linux-gnu/libc.so.6"))! + ":" + Path.GetDirectoryName(File("liblzma5", "lib/x86_64-linux-gnu/liblzma.so.5"));
        CommandResult result = HostCommand.Run(
            File("libc6", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"), ["--library-path", libraries, File("xz-utils", "usr/bin/xz"), "--version"]);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("liblzma", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Set_inTheCache_needsNoApt()
    {
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "amd64", "one_1%2.0"));
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "amd64", "two_3.0"));
        File.WriteAllText(Path.Combine(_directory.FullName, "amd64", "one+two.set"), "one 1:2.0\ntwo 3.0\n");

        IReadOnlyList<DebianPackage> packages = new PackageCache(_directory.FullName).FetchWithDependencies(["one", "two"]);

        Assert.Equal(["1:2.0", "3.0"], packages.Select(package => package.Version));
    }

    [Fact]
    public void Set_withAPackageThatDoesNotExist_isRefusedInOneSentence()
    {
        var error = Assert.Throws<GuestsException>(() => PackageCache.Default().FetchWithDependencies(["xz-utils", "hearth-no-such-package"]));

        Assert.Contains("hearth-no-such-package", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Package_inTheCache_needsNoApt()
    {
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "amd64", "made-up_1.0"));
        File.WriteAllText(Path.Combine(_directory.FullName, "amd64", "made-up.version"), "made-up\n1.0\n");

        DebianPackage package = new PackageCache(_directory.FullName).Fetch("made-up");

        Assert.Equal("1.0", package.Version);
    }

    [Fact]
    public void Package_fetchedByMany_isUnpackedOnceAndWhole()
    {
        var cache = new PackageCache(_directory.FullName);

        string[] directories = [.. Enumerable.Range(0, 4).AsParallel().WithDegreeOfParallelism(4).Select(_ => cache.Fetch("busybox-static").Directory)];

        Assert.Single(directories.Distinct());
        Assert.True(File.Exists(Path.Combine(directories[0], "bin/busybox")));
        Assert.False(Directory.Exists(Path.Combine(_directory.FullName, "amd64", "new")));
    }

    [Fact]
    public void Fetch_interruptedBefore_startsAfresh()
    {
        string leftover = Path.Combine(_directory.FullName, "amd64", "new", "tree");
        Directory.CreateDirectory(leftover);
        File.WriteAllText(Path.Combine(leftover, "half"), "half a file");

        DebianPackage package = new PackageCache(_directory.FullName).Fetch("busybox-static");

        Assert.False(File.Exists(Path.Combine(package.Directory, "half")));
    }

    [Fact]
    public void Package_thatDoesNotExist_isNamedInOneSentence()
    {
        var error = Assert.Throws<GuestsException>(() => new PackageCache(_directory.FullName).Fetch("hearth-no-such-package"));

        Assert.Contains("hearth-no-such-package", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Cache_thatCannotBeCreated_namesTheVariableThatMovesIt()
    {
        string file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "");

        var error = Assert.Throws<GuestsException>(() => new PackageCache(file).Fetch("busybox-static"));

        Assert.Contains("$HEARTH_CACHE", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
