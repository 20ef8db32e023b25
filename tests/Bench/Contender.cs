using System.Globalization;
using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Bench;

/// <summary>One side of the comparison: a program and the arguments that boot the assets with the console on standard output.</summary>
internal sealed record Contender(string Name, string Program, IReadOnlyList<string> Arguments)
{
    private const string Qemu = "qemu-system-x86_64";
    private const string Memory = "512M";

    /// <summary>The <c>hearth</c> that was built with this program; $HEARTH_EXECUTABLE names another one.</summary>
    public static string HearthPath => Environment.GetEnvironmentVariable("HEARTH_EXECUTABLE") ?? Path.Combine(AppContext.BaseDirectory, "hearth");

    public static Contender Hearth(BootAssets assets, BootBenchOptions options) => new("hearth", HearthPath,
    [
        "vm", "run", "--engine", "software", "--memory", Memory, "--cpus", options.Cpus.ToString(CultureInfo.InvariantCulture),
        "--kernel", assets.Kernel, "--initrd", assets.Initrd, "--append", BootAssets.CommandLine, "--net", "none", "--serial", "stdio", "--no-reboot",
    ]);

    /// <exception cref="GuestsException">QEMU is not installed.</exception>
    public static Contender QemuTcg(BootAssets assets, BootBenchOptions options)
    {
        string program = HostCommand.Find(Qemu)
            ?? throw new GuestsException("QEMU is not installed, so there is nothing to compare with; install it with: apt-get install --no-install-recommends qemu-system-x86");
        return new Contender("qemu", program, QemuArguments(assets, options));
    }

    public static IReadOnlyList<string> QemuArguments(BootAssets assets, BootBenchOptions options) =>
    [
        "-accel", "tcg", "-cpu", "max", "-m", Memory, "-smp", options.Cpus.ToString(CultureInfo.InvariantCulture),
        "-kernel", assets.Kernel, "-initrd", assets.Initrd, "-append", BootAssets.CommandLine, "-nic", "none", "-display", "none",
        "-monitor", "none", "-serial", "stdio", "-no-reboot",
    ];
}
