using System.Globalization;
using Hearth.Guests;

namespace Hearth.Bench;

/// <summary>One side of a comparison: a program and the arguments that make it work with its console on standard output.</summary>
internal sealed record Contender(string Name, string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>The option that says where translated code is kept.</summary>
    public const string TranslationCache = "--translation-cache";

    private const string Qemu = "qemu-system-x86_64";

    /// <summary>The <c>hearth</c> that was built with this program; $HEARTH_EXECUTABLE names another one.</summary>
    public static string HearthPath => Environment.GetEnvironmentVariable("HEARTH_EXECUTABLE") ?? Path.Combine(AppContext.BaseDirectory, "hearth");

    public static bool HasQemu => HostCommand.Find(Qemu) is not null;

    /// <summary>Where QEMU lies.</summary>
    /// <exception cref="GuestsException">It is not installed.</exception>
    public static string QemuPath => HostCommand.Find(Qemu)
        ?? throw new GuestsException("QEMU is not installed, so there is nothing to compare with; install it with: apt-get install --no-install-recommends qemu-system-x86");

    /// <summary>Hearth without what former runs have translated, unless <paramref name="extra"/> says where that is.</summary>
    /// <param name="extra">Further options of <c>hearth vm run</c>.</param>
    public static Contender Hearth(GuestConfiguration guest, params IEnumerable<string> extra) => new("hearth", HearthPath, HearthArguments(guest, extra));

    /// <exception cref="GuestsException">QEMU is not installed.</exception>
    public static Contender QemuTcg(GuestConfiguration guest) => new("qemu", QemuPath, QemuArguments(guest));

    /// <summary>Both under KVM, with processors of the same level: no AVX, which a proving ground's guests cannot have.</summary>
    /// <exception cref="GuestsException">QEMU is not installed.</exception>
    public static IReadOnlyList<Contender> UnderKvm(GuestConfiguration guest) =>
    [
        new("hearth", HearthPath, HearthArguments(guest, "kvm", ["--cpu-model", "x86-64-v2"])),
        new("qemu", QemuPath, QemuArguments(guest, "kvm", "Nehalem")),
    ];

    public static IReadOnlyList<string> HearthArguments(GuestConfiguration guest, params IEnumerable<string> extra) => HearthArguments(guest, "software", extra);

    // A thread for each processor, as Hearth has.
    public static IReadOnlyList<string> QemuArguments(GuestConfiguration guest) => QemuArguments(guest, "tcg,thread=multi", "max");

    private static string[] HearthArguments(GuestConfiguration guest, string engine, IEnumerable<string> extra) =>
    [
        "vm", "run", "--engine", engine, "--memory", guest.Memory, "--cpus", guest.Cpus.ToString(CultureInfo.InvariantCulture),
        "--kernel", guest.Kernel, .. guest.Initrd is { } initrd ? (string[])["--initrd", initrd, "--append", guest.CommandLine] : [],
        .. guest.Disks.SelectMany(disk => (string[])["--disk", $"{disk.Path},format={disk.Format}"]),
        "--net", guest.PasstSocket is { } socket ? $"passt:{socket}" : "none",
        .. guest.Screen is { } screen ? (string[])["--vga", "virtio", "--screen", string.Create(CultureInfo.InvariantCulture, $"{screen.Width}x{screen.Height}")] : [],
        "--serial", "stdio", "--no-reboot",
        .. extra.Contains(TranslationCache) ? Array.Empty<string>() : [TranslationCache, "none"], .. extra,
    ];

    private static string[] QemuArguments(GuestConfiguration guest, string accelerator, string cpu) =>
    [
        "-accel", accelerator, "-cpu", cpu, "-m", guest.Memory, "-smp", guest.Cpus.ToString(CultureInfo.InvariantCulture),
        "-kernel", guest.Kernel, .. guest.Initrd is { } initrd ? (string[])["-initrd", initrd, "-append", guest.CommandLine] : [],
        .. guest.Disks.SelectMany(disk => (string[])["-drive", $"if=virtio,format={disk.Format},file={disk.Path},cache=writeback"]),
        .. QemuNetwork(guest), .. QemuScreen(guest), "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
    ];

    // Its network cards have a ROM to start from, which lies in a package of its own.
    private static string[] QemuNetwork(GuestConfiguration guest) => guest.PasstSocket is { } socket
        ? ["-netdev", $"stream,id=net,server=off,addr.type=unix,addr.path={socket}", "-device", "virtio-net-pci,netdev=net,romfile="]
        : ["-nic", "none"];

    private static string[] QemuScreen(GuestConfiguration guest) => guest.Screen is { } screen
        ? ["-vga", "none", "-device", string.Create(CultureInfo.InvariantCulture, $"virtio-gpu-pci,xres={screen.Width},yres={screen.Height}")]
        : [];
}
