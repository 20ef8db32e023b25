using System.Globalization;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

/// <summary>A Debian kernel with an initramfs, as arguments for <c>hearth vm run</c>.</summary>
internal sealed class TestGuest : IDisposable
{
    public const string CommandLine = "console=ttyS0 panic=-1";

    private readonly ScratchDirectory _scratch = new();
    private readonly List<string> _arguments;

    /// <param name="script">What init does before it powers off.</param>
    /// <param name="modules">Kernel modules init loads first.</param>
    public TestGuest(string kernel, string script, params string[] modules)
        : this(TestEngine.Arguments, kernel, script, modules)
    {
    }

    /// <param name="engine">Which engine, and which CPU model.</param>
    public TestGuest(IReadOnlyList<string> engine, string kernel, string script, params string[] modules)
        : this(engine, kernel, script, initramfs => initramfs, modules)
    {
    }

    /// <param name="add">Adds more to the initramfs.</param>
    public TestGuest(IReadOnlyList<string> engine, string kernel, string script, Func<InitramfsBuilder, InitramfsBuilder> add, params string[] modules)
    {
        Guests.Debian.KernelPackage package = GuestAssets.FetchKernel(kernel);
        byte[] initramfs = add(GuestAssets.Initramfs(kernel, script)).AddModules(package, modules).Build();
        _arguments =
        [
            "vm", "run", .. engine, "--memory", "512M", "--serial", "stdio", "--no-reboot",
            "--kernel", package.Image, "--initrd", _scratch.Write("initrd.img", initramfs), "--append", CommandLine,
        ];
        KernelRelease = package.Release;
    }

    public string KernelRelease { get; }

    public ScratchDirectory Scratch => _scratch;

    public IReadOnlyList<string> Arguments => _arguments;

    public TestGuest With(params string[] arguments)
    {
        _arguments.AddRange(arguments);
        return this;
    }

    /// <summary>More of the kernel's command line.</summary>
    public TestGuest WithParameters(string parameters)
    {
        _arguments[_arguments.IndexOf("--append") + 1] += $" {parameters}";
        return this;
    }

    public TestGuest WithCpus(int count) => With("--cpus", count.ToString(CultureInfo.InvariantCulture));

    public HearthOutcome Run() => HearthProcess.Run(_arguments);

    public HearthProcess Start() => HearthProcess.Start(_arguments);

    public void Dispose() => _scratch.Dispose();
}
