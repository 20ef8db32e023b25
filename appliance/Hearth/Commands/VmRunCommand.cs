using System.CommandLine;
using System.Globalization;
using Hearth.Guests;
using Hearth.Launch;
using Hearth.Protocol;
using Hearth.Screen;

namespace Hearth.Commands;

/// <summary><c>hearth vm run</c>: its options, and how they become a <see cref="VmRunOptions"/>.</summary>
internal sealed class VmRunCommand
{
    private const string DefaultDebugExitPort = "0xf4";
    private const string Menu = "menu";

    private readonly Option<string> _engine = Text("--engine", "ENGINE", "CPU engine: software, kvm, or auto for the best that works here.", "auto");
    private readonly Option<string> _kernel = Text("--kernel", "FILE", "Kernel to boot: a bzImage, a PVH ELF file or a multiboot kernel.");
    private readonly Option<string> _initrd = Text("--initrd", "FILE", "Initial ramdisk for the kernel.");
    private readonly Option<string> _append = Text("--append", "TEXT", "The kernel's command line.");
    private readonly Option<string[]> _modules = Texts("--module", "\"FILE ARGS\"", "Module for a multiboot or PVH kernel with its arguments. May be repeated.");
    private readonly Option<string> _memory = Text("--memory", "SIZE", "Guest memory, with K, M, G or T.", "1G");
    private readonly Option<string> _cpus = Text("--cpus", "N", $"Virtual processors, 1 to {VmRunOptions.MaximumCpus}.", "1");
    private readonly Option<string> _cpuModel = Text("--cpu-model", "MODEL", "CPU model: x86-64-v2, x86-64-v3 or x86-64-v3-2021. [default: the best this host can run]");
    private readonly Option<string> _paravirtual = Text("--paravirtual", "INTERFACE", "What the guest is offered beside the processor: kvm for Linux and BSD, hyperv for Windows, or none. [default: kvm]");
    private readonly Option<string> _tier = Text("--tier", "TIER", "How the software engine runs user code: translate; direct, in a process of its own; adaptive, each where it is faster; auto, which is adaptive.", "auto");
    private readonly Option<string[]> _disks = Texts("--disk", "FILE[,format=raw|qcow2][,readonly][,bus=virtio|ide]", "Disk image as a disk on virtio, or on ide. May be repeated.");
    private readonly Option<string[]> _cdRoms = Texts("--cdrom", "FILE", "CD or DVD image in a drive on IDE. May be repeated.");
    private readonly Option<string> _firmware = Text("--firmware", "FIRMWARE", "What starts the guest where there is no kernel: seabios, or a file. [default: seabios]");
    private readonly Option<string> _boot = Text("--boot", "ORDER", "From what the firmware starts: disk, cd, net, in this order and with commas; menu lets you choose with ESC. [default: disk,cd,net]");
    private readonly Option<string> _firmwareLog = Text("--firmware-log", "FILE", "File for what the firmware says that it does.");
    private readonly Option<string[]> _networks = Texts(
        "--net", "NET", "A NIC: user, behind passt; passt:SOCKET, one that runs already, with --socket SOCKET; switch:SOCKET, a port of `hearth switch`; tap:NAME[,bridge=BRIDGE], an interface of the host; "
        + "or none. mac=ADDRESS may follow. May be repeated.");
    private readonly Option<string> _passt = Text("--passt", "FILE", "The passt program. [default: $HEARTH_PASST, then the one in $PATH]");
    private readonly Option<string> _serial = Text("--serial", "PORT", "First serial port: stdio, none, or a file for its output.", "stdio");
    private readonly Option<string> _console = Text("--console", "PORT", "Virtio console: stdio, none, or a file for its output.", "none");
    private readonly Option<string> _vga = Text("--vga", "CARD", "Graphics card: std for VGA with VBE, virtio, or none.", "none");
    private readonly Option<string> _screen = Text("--screen", "WIDTHxHEIGHT", "The size that the guest's screen likes best. [default: 1024x768]");
    private readonly Option<string[]> _screenshots = Texts("--screenshot", "FILE[,after=SECONDS]", "Picture of the screen as a PNG file, when the guest ends or so long after its start. May be repeated.");
    private readonly Option<string[]> _resizes = Texts("--resize", "WIDTHxHEIGHT,after=SECONDS", "Ask the guest for another size of its screen so long after its start. May be repeated.");
    private readonly Option<string> _input = Text("--input", "DEVICES", "Input devices: ps2, or virtio for keyboard, mouse and tablet beside them; ,touch and ,pad add a touch screen and a gamepad.", "ps2");
    private readonly Option<string> _keys = Text("--keys", "TEXT[,after=SECONDS]", "Type TEXT, with \\n and names such as <enter>, <ctrl-alt-del>, <f2> and <wait 2>.");
    private readonly Option<string> _sound = Text("--sound", "SOUND", "Sound card: hda, wav:FILE for one whose output goes to a WAV file, or none.", "none");
    private readonly Option<string> _microphone = Text("--microphone", "FILE", "WAV file that the sound card's microphone hears, over and over.");
    private readonly Option<string> _debugExit = new("--debug-exit")
    {
        Description = $"Port that ends the guest with exit code (value << 1) | 1. [port when none is given: {DefaultDebugExitPort}]",
        HelpName = "PORT",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _noReboot = Switch("--no-reboot", "End when the guest resets or triple-faults, instead of booting it again.");
    private readonly Option<bool> _noRng = Switch("--no-rng", "Leave out the virtio entropy device.");
    private readonly Option<string> _balloon = Text("--balloon", "SIZE", "Memory balloon: the guest gives up SIZE of its memory, 0 for none of it but what lies idle.");
    private readonly Option<string> _watchdog = Text("--watchdog", "ACTION", "Watchdog i6300esb, and what is done when it runs out: reset, poweroff, or report; or none.", "none");
    private readonly Option<string> _vsock = Text("--vsock", "CID:SOCKET", "Socket device with the guest's number, from 3, and the socket by which programs of the host reach it.");
    private readonly Option<bool> _verbose = Switch("--verbose", "Show mistakes of the guest's drivers, and what passt says, on standard error.");
    private readonly Option<string> _translations = Text("--translation-cache", "DIR|none", "Where the software engine keeps translated code from run to run. [default: translations in $HEARTH_CACHE or ~/.cache/hearth]");
    private readonly Option<bool> _stats = Switch("--stats", "At the end print on standard error what the CPU engine counted, and what memory it took.");
    private readonly Option<string> _save = Text("--save", "FILE", "On SIGUSR1 save the whole guest to FILE, a new file, and stop it.");
    private readonly Option<string> _restore = Text("--restore", "FILE", "Go on with a saved guest instead of booting; its other options must be the same.");

    private VmRunCommand()
    {
    }

    public static Command Build()
    {
        var options = new VmRunCommand();
        var command = new Command("run", "Run one guest in this terminal. Ctrl-A X ends it, Ctrl-A H shows the other keys.");
        Option[] all =
        [
            options._kernel, options._initrd, options._append, options._modules, options._firmware, options._boot, options._firmwareLog,
            options._memory, options._cpus, options._cpuModel, options._paravirtual, options._engine, options._tier, options._translations,
            options._disks, options._cdRoms, options._networks, options._passt, options._serial, options._console, options._noRng, options._balloon, options._watchdog, options._vsock,
            options._vga, options._screen, options._screenshots, options._resizes,
            options._input, options._keys, options._sound, options._microphone,
            options._debugExit, options._noReboot, options._save, options._restore, options._verbose, options._stats,
        ];
        foreach (Option option in all)
            command.Add(option);
        command.SetAction(parsed => GuestLauncher.Launch(options.Read(parsed)));
        return command;
    }

    private VmRunOptions Read(ParseResult parsed)
    {
        CheckEngine(parsed.GetValue(_engine)!);
        string[] boot = ParseBoot(parsed.GetValue(_boot));
        VmRunOptions options = new()
        {
            Engine = parsed.GetValue(_engine)!,
            Memory = MemorySize.Parse(parsed.GetValue(_memory)!, HostMemory.Total()),
            Cpus = ParseCpus(parsed.GetValue(_cpus)!),
            CpuModel = parsed.GetValue(_cpuModel),
            Paravirtual = ParseParavirtual(parsed.GetValue(_paravirtual)),
            Kernel = parsed.GetValue(_kernel),
            Initrd = parsed.GetValue(_initrd),
            Append = parsed.GetValue(_append) ?? "",
            Modules = parsed.GetValue(_modules) ?? [],
            Disks = parsed.GetValue(_disks) ?? [],
            CdRoms = parsed.GetValue(_cdRoms) ?? [],
            Firmware = parsed.GetValue(_firmware),
            BootOrder = [.. boot.Where(kind => kind != Menu)],
            BootMenu = boot.Contains(Menu),
            FirmwareLog = parsed.GetValue(_firmwareLog),
            Networks = [.. (parsed.GetValue(_networks) ?? []).Select(NetworkOption.Parse).OfType<NetworkOption>()],
            Passt = parsed.GetValue(_passt),
            Serial = parsed.GetValue(_serial)!,
            Console = parsed.GetValue(_console)!,
            Vga = ParseVga(parsed.GetValue(_vga)!),
            Screen = parsed.GetValue(_screen) is { } screen ? ScreenSize.Parse("--screen", screen) : null,
            ScreenEvents =
            [
                .. (parsed.GetValue(_screenshots) ?? []).Select(ScreenEvent.ParseScreenshot),
                .. (parsed.GetValue(_resizes) ?? []).Select(ScreenEvent.ParseResize),
            ],
            InputDevices = InputDevices.Parse(parsed.GetValue(_input)!),
            Keys = parsed.GetValue(_keys) is { } keys ? KeyScript.Parse(keys) : [],
            Sound = ParseSound(parsed.GetValue(_sound)!),
            Microphone = parsed.GetValue(_microphone),
            DebugExitPort = ParseDebugExit(parsed),
            NoReboot = parsed.GetValue(_noReboot),
            NoRng = parsed.GetValue(_noRng),
            Balloon = parsed.GetValue(_balloon) is { } balloon ? MemorySize.ParsePart("--balloon", balloon) : null,
            Watchdog = ParseWatchdog(parsed.GetValue(_watchdog)!),
            Vsock = parsed.GetValue(_vsock) is { } vsock ? VsockAddress.Parse(vsock) : null,
            Verbose = parsed.GetValue(_verbose),
            Statistics = parsed.GetValue(_stats),
            Tier = ParseTier(parsed.GetValue(_tier)!),
            Save = parsed.GetValue(_save),
            Restore = parsed.GetValue(_restore),
        };
        CheckCombination(options);

        // Last, because it may make a folder.
        return options with { TranslationDirectory = ParseTranslations(parsed.GetValue(_translations)) };
    }

    private static void CheckCombination(VmRunOptions options)
    {
        bool hasMedium = options.Disks.Count + options.CdRoms.Count > 0 || options.BootOrder.Contains("net");
        if (options.Kernel is null && options.Restore is null && !hasMedium)
            throw new UsageException("nothing to run: give a disk with --disk FILE, a CD with --cdrom FILE, a kernel with --kernel FILE, or a saved guest with --restore FILE");
        if (options.Kernel is not null && (options.Firmware ?? options.FirmwareLog) is not null)
            throw new UsageException("--firmware and --firmware-log do not go with --kernel FILE, which is started without any");
        if (options.Kernel is not null && (options.BootMenu || options.BootOrder.Count > 0))
            throw new UsageException("--boot does not go with --kernel FILE, which is what is started");
        if (options.Kernel is null && (options.Initrd is not null || options.Modules.Count > 0 || options.Append.Length > 0))
            throw new UsageException("--initrd, --append and --module need --kernel FILE");
        if (options.Vga == "none" && (options.Screen is not null || options.ScreenEvents.Count > 0))
            throw new UsageException("--screen, --screenshot and --resize need a graphics card: --vga std or --vga virtio gives the guest one");
        if (options.Networks.Count > VmRunOptions.MaximumNetworks)
            throw new UsageException($"--net is given {options.Networks.Count} times: a guest has at most {VmRunOptions.MaximumNetworks} NICs");
        if (options.Balloon >= options.Memory)
            throw new UsageException($"--balloon takes {options.Balloon >> 20}M of the {options.Memory >> 20}M that the guest has: something must be left to it");
        if (options.Serial == "stdio" && options.Console == "stdio")
            throw new UsageException("--console stdio needs --serial none or --serial FILE: only one of them can have the terminal");
        if (options.Microphone is not null && options.Sound == "none")
            throw new UsageException("--microphone needs a sound card: --sound hda or --sound wav:FILE");
    }

    private static string ParseVga(string text) =>
        text is "none" or "std" or "virtio" ? text : throw new UsageException($"--vga {text} is none of std, virtio and none");

    private static void CheckEngine(string engine)
    {
        if (engine is not ("auto" or "software" or "kvm"))
            throw new UsageException($"--engine {engine} is none of auto, software and kvm");
    }

    private static string[] ParseBoot(string? text)
    {
        string[] kinds = text?.Split(',') ?? [];
        foreach (string kind in kinds)
        {
            if (kind is not ("disk" or "cd" or "net" or Menu))
                throw new UsageException($"--boot {text}: {(kind.Length == 0 ? "nothing" : kind)} is none of disk, cd, net and menu");
        }

        if (kinds.GroupBy(kind => kind).FirstOrDefault(group => group.Skip(1).Any()) is { } twice)
            throw new UsageException($"--boot {text} says {twice.Key} twice");

        return kinds;
    }

    private static string? ParseParavirtual(string? text) =>
        text is null or "kvm" or "hyperv" or "none" ? text : throw new UsageException($"--paravirtual {text} is none of kvm, hyperv and none");

    private static string ParseSound(string text) =>
        text is "hda" or "none" || (text.StartsWith(VmRunOptions.WavPrefix, StringComparison.Ordinal) && text.Length > VmRunOptions.WavPrefix.Length)
            ? text
            : throw new UsageException($"--sound {text} is none of hda, wav:FILE and none");

    /// <returns>Null for no watchdog.</returns>
    private static WatchdogAction? ParseWatchdog(string text) => text switch
    {
        "none" => null,
        "reset" => WatchdogAction.Reset,
        "poweroff" => WatchdogAction.PowerOff,
        "report" => WatchdogAction.Report,
        _ => throw new UsageException($"--watchdog {text} is none of reset, poweroff, report and none"),
    };

    private static string? ParseTranslations(string? text) => text switch
    {
        null => Path.Combine(CacheDirectory.Default(), "translations"),
        "" => throw new UsageException("--translation-cache names no folder"),
        _ when text.Equals("none", StringComparison.OrdinalIgnoreCase) => null,
        _ => TranslationFolder.Prepare(text),
    };

    private static string ParseTier(string text) =>
        text is "auto" or "translate" or "adaptive" or "direct"
            ? text
            : throw new UsageException($"--tier {text} is none of auto, translate, adaptive and direct");

    private static int ParseCpus(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int cpus) && cpus is >= 1 and <= VmRunOptions.MaximumCpus
            ? cpus
            : throw new UsageException($"--cpus {text} is not between 1 and {VmRunOptions.MaximumCpus}");

    private ushort? ParseDebugExit(ParseResult parsed) =>
        parsed.GetResult(_debugExit) is null ? null : PortNumber.Parse("--debug-exit", parsed.GetValue(_debugExit) ?? DefaultDebugExitPort);

    private static Option<string> Text(string name, string value, string description, string? otherwise = null)
    {
        var option = new Option<string>(name) { Description = description, HelpName = value };
        if (otherwise is not null)
            option.DefaultValueFactory = _ => otherwise;
        return option;
    }

    private static Option<string[]> Texts(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore };

    private static Option<bool> Switch(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.Zero };
}
