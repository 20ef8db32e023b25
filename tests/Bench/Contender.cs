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

    public static IReadOnlyList<string> HearthArguments(GuestConfiguration guest, params IEnumerable<string> extra) =>
    [
        "vm", "run", "--engine", "software", "--memory", guest.Memory, "--cpus", guest.Cpus.ToString(CultureInfo.InvariantCulture),
        "--kernel", guest.Kernel, "--initrd", guest.Initrd, "--append", guest.CommandLine, "--net", "none", "--serial", "stdio", "--no-reboot",
        .. extra.Contains(TranslationCache) ? Array.Empty<string>() : [TranslationCache, "none"], .. extra,
    ];

    public static IReadOnlyList<string> QemuArguments(GuestConfiguration guest) =>
    [
        // A thread for each processor, as Hearth has.
        "-accel", "tcg,thread=multi", "-cpu", "max", "-m", guest.Memory, "-smp", guest.Cpus.ToString(CultureInfo.InvariantCulture),
        "-kernel", guest.Kernel, "-initrd", guest.Initrd, "-append", guest.CommandLine, "-nic", "none", "-display", "none",
        "-monitor", "none", "-serial", "stdio", "-no-reboot",
    ];
}
