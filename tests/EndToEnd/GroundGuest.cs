using Hearth.Boot.Tests;
using Hearth.Guests;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>A Debian kernel with an initramfs that runs on the host and in the proving ground alike.</summary>
internal sealed class GroundGuest : IDisposable
{
    /// <summary>Lies in the machine's shared folder: what is made after its start is seen there.</summary>
    private readonly DirectoryInfo _directory;
    private readonly string[] _arguments;

    /// <param name="directory">The ground's shared folder.</param>
    /// <param name="script">What init does before it powers off.</param>
    public GroundGuest(string directory, string kernelName, string script, params string[] arguments)
        : this(directory, kernelName, script, [], arguments)
    {
    }

    /// <param name="modules">Kernel modules init loads first.</param>
    public GroundGuest(string directory, string kernelName, string script, string[] modules, string[] arguments)
    {
        var cache = PackageCache.Default();
        KernelPackage kernel = cache.FetchKernel(kernelName);
        _directory = Directory.CreateDirectory(Path.Combine(directory, $"guest-{Guid.NewGuid():N}"));
        string initrd = this["initrd.img"];
        File.WriteAllBytes(initrd, new InitramfsBuilder().AddBusybox(cache.Fetch("busybox-static")).Run(script).AddModules(kernel, modules).Build());
        _arguments =
        [
            "vm", "run", "--cpu-model", Model, "--memory", "256M", "--serial", "stdio", "--no-reboot", "--translation-cache", "none",
            "--kernel", kernel.Image, "--initrd", initrd, "--append", "console=ttyS0 panic=-1 quiet", .. arguments,
        ];
    }

    /// <summary>QEMU's translator lets XSETBV of a guest's guest pass by KVM: models with AVX are of no use in the proving ground.</summary>
    public static string Model => "x86-64-v2";

    /// <summary>The command, as it is copied beside these tests.</summary>
    public static string Hearth => Path.Combine(AppContext.BaseDirectory, "boot/hearth");

    /// <summary>Writing code and running it from two mappings is what the runtime spends most of its start on there.</summary>
    public static string Environment => "DOTNET_EnableWriteXorExecute=0 DOTNET_TieredPGO=0";

    /// <summary>A file in a folder of this guest's own.</summary>
    public string this[string name] => Path.Combine(_directory.FullName, name);

    public IEnumerable<string> Arguments(string engine, params string[] more) => [.. _arguments, "--engine", engine, .. more];

    /// <summary>Starts the guest in the proving ground.</summary>
    public GroundCommand StartInside(ProvingGround ground, string engine, params string[] more) =>
        ground.StartCommand(string.Join(' ', [Environment, ShellWord.Quote(Hearth), .. Arguments(engine, more).Select(ShellWord.Quote)]));

    /// <summary>Runs the guest in the proving ground to its end.</summary>
    public HearthOutcome RunInside(ProvingGround ground, string engine, TimeSpan patience, params string[] more)
    {
        CommandResult result = StartInside(ground, engine, more).WaitForExit(patience);
        return new HearthOutcome(result.ExitCode, result.Output.Replace("\r", "", StringComparison.Ordinal), result.Error);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
