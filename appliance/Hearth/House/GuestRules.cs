using System.Globalization;
using Hearth.Commands;
using Hearth.Launch;
using Hearth.Protocol;
using Hearth.Screen;

namespace Hearth.House;

/// <summary>What a guest's definition must be to make sense, and what its words mean. Whether files are there is seen when the guest starts.</summary>
internal static class GuestRules
{
    private const string Menu = "menu";
    private const int HighestWeight = 10_000;
    private const int MostCheckpointSeconds = 24 * 60 * 60;

    /// <exception cref="HouseException">It makes no sense; one sentence says what.</exception>
    public static GuestDefinition Require(GuestDefinition definition)
    {
        _ = HouseName.Require("guest", definition.Name);
        try
        {
            RequireShares(definition);
            foreach (string path in PathsOf(definition))
                RequirePath(path);
            CheckCombination(ToRunOptions(definition));
        }
        catch (UsageException error)
        {
            throw new HouseException(HouseFailure.Invalid, error.Message, error);
        }

        return definition;
    }

    /// <summary>A definition as <c>hearth vm run</c> would have been asked for it.</summary>
    /// <exception cref="UsageException">A word of it means nothing.</exception>
    public static VmRunOptions ToRunOptions(GuestDefinition definition) => new()
    {
        Engine = OneOf("--engine", definition.Engine, "auto", "software", "kvm"),
        Memory = MemorySize.Parse(definition.Memory, HostMemory.Total()),
        Cpus = definition.Cpus is >= 1 and <= VmRunOptions.MaximumCpus
            ? definition.Cpus
            : throw new UsageException(Invariant($"--cpus {definition.Cpus} is not between 1 and {VmRunOptions.MaximumCpus}")),
        CpuModel = definition.CpuModel,
        Paravirtual = definition.Paravirtual is { } paravirtual ? OneOf("--paravirtual", paravirtual, "kvm", "hyperv", "none") : null,
        Kernel = definition.Kernel,
        Initrd = definition.Initrd,
        Append = definition.Append,
        Disks = [.. definition.Disks.Select(disk => disk.ToOption()).Select(CheckDisk)],
        CdRoms = definition.CdRoms,
        Firmware = definition.Firmware,
        BootOrder = [.. CheckBoot(definition.BootOrder).Where(kind => kind != Menu)],
        BootMenu = definition.BootOrder.Contains(Menu),
        Networks = [.. definition.Networks.Select(NetworkOption.Parse).OfType<NetworkOption>()],
        Serial = "none",
        Vga = OneOf("--vga", definition.Vga, "std", "virtio", "none"),
        Screen = definition.Screen is { } screen ? ScreenSize.Parse("--screen", screen) : null,
        Sound = CheckSound(definition.Sound),
        InputDevices = InputDevices.Parse(definition.Input),
        Balloon = definition.Balloon is { } balloon ? MemorySize.ParsePart("--balloon", balloon) : null,
        Watchdog = ParseWatchdog(definition.Watchdog),
        Vsock = definition.Vsock is { } vsock ? VsockAddress.Parse(vsock) : null,
    };

    private static void CheckCombination(VmRunOptions options)
    {
        bool hasMedium = options.Disks.Count + options.CdRoms.Count > 0 || options.BootOrder.Contains("net");
        if (options.Kernel is null && !hasMedium)
            throw new UsageException("nothing to run: give the guest a disk with --disk FILE, a CD with --cdrom FILE, or a kernel with --kernel FILE");
        if (options.Kernel is not null && (options.Firmware is not null || options.BootMenu || options.BootOrder.Count > 0))
            throw new UsageException("--firmware and --boot do not go with --kernel FILE, which is what is started");
        if (options.Kernel is null && (options.Initrd is not null || options.Append.Length > 0))
            throw new UsageException("--initrd and --append need --kernel FILE");
        if (options.Vga == "none" && options.Screen is not null)
            throw new UsageException("--screen needs a graphics card: --vga std or --vga virtio gives the guest one");
        if (options.Networks.Count > VmRunOptions.MaximumNetworks)
            throw new UsageException(Invariant($"--net is given {options.Networks.Count} times: a guest has at most {VmRunOptions.MaximumNetworks} NICs"));
        if (options.Balloon >= options.Memory)
            throw new UsageException(Invariant($"--balloon takes {options.Balloon >> 20}M of the {options.Memory >> 20}M that the guest has: something must be left to it"));
    }

    private static void RequireShares(GuestDefinition definition)
    {
        if (definition.CpuWeight is < 1 or > HighestWeight)
            throw new UsageException(Invariant($"--cpu-weight {definition.CpuWeight} is not between 1 and {HighestWeight}: 100 is an ordinary guest's"));
        if (definition.CpuCap < 1 || definition.CpuCap > 100 * definition.Cpus)
            throw new UsageException(Invariant($"--cpu-cap {definition.CpuCap} is not between 1 and {100 * definition.Cpus}, which is all that its processors have"));
        if (definition.CheckpointSeconds is < 0 or > MostCheckpointSeconds)
            throw new UsageException(Invariant($"--checkpoint {definition.CheckpointSeconds} is not between 0, for none, and {MostCheckpointSeconds} seconds"));
    }

    /// <summary>The daemon's own folder is nothing that anybody thinks of when writing a file's name.</summary>
    private static IEnumerable<string> PathsOf(GuestDefinition definition)
    {
        string?[] single =
        [
            definition.Kernel, definition.Initrd, definition.Firmware is SeaBios.Name ? null : definition.Firmware,
            definition.Sound.StartsWith(VmRunOptions.WavPrefix, StringComparison.Ordinal) ? definition.Sound[VmRunOptions.WavPrefix.Length..] : null,
            definition.Vsock is { } vsock ? VsockAddress.Parse(vsock).Socket : null,
        ];
        IEnumerable<string> sockets = definition.Networks.Select(NetworkOption.Parse).OfType<NetworkOption>()
            .Where(network => network.Kind is NetworkKind.Passt or NetworkKind.Switch).Select(network => network.Name);
        return single.OfType<string>().Concat(definition.Disks.Select(disk => disk.Path)).Concat(definition.CdRoms).Concat(sockets);
    }

    private static void RequirePath(string path)
    {
        if (path.Length == 0)
            throw new UsageException("a file of the guest has no name");
        if (!Path.IsPathRooted(path))
            throw new UsageException($"{path} does not say where it is: write it from the root, such as /home/mum/{path}");
    }

    private static string CheckDisk(string option)
    {
        _ = DiskOption.Parse(option);
        return option;
    }

    private static IReadOnlyList<string> CheckBoot(IReadOnlyList<string> kinds)
    {
        foreach (string kind in kinds)
            _ = OneOf("--boot", kind, "disk", "cd", "net", Menu);
        return kinds.GroupBy(kind => kind).FirstOrDefault(group => group.Skip(1).Any()) is { } twice
            ? throw new UsageException($"--boot says {twice.Key} twice")
            : kinds;
    }

    private static string CheckSound(string text) =>
        text is "hda" or "none" || (text.StartsWith(VmRunOptions.WavPrefix, StringComparison.Ordinal) && text.Length > VmRunOptions.WavPrefix.Length)
            ? text
            : throw new UsageException($"--sound {text} is none of hda, wav:FILE and none");

    private static WatchdogAction? ParseWatchdog(string text) => OneOf("--watchdog", text, "reset", "poweroff", "report", "none") switch
    {
        "reset" => WatchdogAction.Reset,
        "poweroff" => WatchdogAction.PowerOff,
        "report" => WatchdogAction.Report,
        _ => null,
    };

    private static string OneOf(string option, string text, params string[] words) => words.Contains(text)
        ? text
        : throw new UsageException($"{option} {text} is none of {string.Join(", ", words[..^1])} and {words[^1]}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
