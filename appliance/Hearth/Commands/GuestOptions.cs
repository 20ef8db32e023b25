using System.CommandLine;
using Hearth.Api.Messages;
using Hearth.Launch;
using Hearth.Storage;

namespace Hearth.Commands;

/// <summary>The options of <c>hearth guest add</c> and <c>edit</c>: those of <c>hearth vm run</c>, and the house's own. The daemon tells whether they make sense.</summary>
internal sealed class GuestOptions
{
    private readonly Option<string> _engine = Text("--engine", "ENGINE", "CPU engine: software, kvm, or auto for the best that works here. [default: auto]");
    private readonly Option<string> _memory = Text("--memory", "SIZE", "Memory, with K, M, G or T. [default: 1G]");
    private readonly Option<int?> _cpus = new("--cpus") { Description = $"Virtual processors, 1 to {VmRunOptions.MaximumCpus}. [default: 1]", HelpName = "N" };
    private readonly Option<string> _cpuModel = Text("--cpu-model", "MODEL", "CPU model: x86-64-v2, x86-64-v3 or x86-64-v3-2021. [default: the best this host can run]");
    private readonly Option<string> _paravirtual = Text("--paravirtual", "INTERFACE", "What the guest is offered beside the processor: kvm for Linux and BSD, hyperv for Windows, or none. [default: kvm]");
    private readonly Option<string> _kernel = Text("--kernel", "FILE", "Kernel to boot instead of a disk.");
    private readonly Option<string> _initrd = Text("--initrd", "FILE", "Initial ramdisk for the kernel.");
    private readonly Option<string> _append = Text("--append", "TEXT", "The kernel's command line.");
    private readonly Option<string[]> _disks = Texts("--disk", "FILE[,format=raw|qcow2][,readonly][,bus=virtio|ide]", "Disk image. May be repeated.");
    private readonly Option<string[]> _cdRoms = Texts("--cdrom", "FILE", "CD or DVD image. May be repeated.");
    private readonly Option<string> _firmware = Text("--firmware", "FIRMWARE", "What starts the guest where there is no kernel: seabios, or a file. [default: seabios]");
    private readonly Option<string> _boot = Text("--boot", "ORDER", "From what the firmware starts: disk, cd, net, menu, with commas. [default: disk,cd,net]");
    private readonly Option<string[]> _networks = Texts("--net", "NET", "A NIC: user, passt:SOCKET, switch:SOCKET, tap:NAME[,bridge=BRIDGE], or none; mac=ADDRESS may follow. May be repeated.");
    private readonly Option<string> _vga = Text("--vga", "CARD", "Graphics card: std for VGA with VBE, virtio, or none. [default: std]");
    private readonly Option<string> _screen = Text("--screen", "WIDTHxHEIGHT", "The size that the guest's screen likes best. [default: 1024x768]");
    private readonly Option<string> _sound = Text("--sound", "SOUND", "Sound card: hda, wav:FILE, or none. [default: none]");
    private readonly Option<string> _input = Text("--input", "DEVICES", "Input devices: ps2, or virtio[,touch][,pad]. [default: ps2]");
    private readonly Option<string> _balloon = Text("--balloon", "SIZE", "Memory balloon: the guest gives up SIZE of its memory.");
    private readonly Option<string> _watchdog = Text("--watchdog", "ACTION", "Watchdog, and what is done when it runs out: reset, poweroff, or report; or none. [default: none]");
    private readonly Option<string> _vsock = Text("--vsock", "CID:SOCKET", "Socket device with the guest's number, from 3, and its socket.");
    private readonly Option<int?> _cpuWeight = new("--cpu-weight") { Description = "Its share of the processors where guests compete, in percent of an ordinary guest's. [default: 100]", HelpName = "PERCENT" };
    private readonly Option<int?> _cpuCap = new("--cpu-cap") { Description = "The most it gets, in percent of one processor; 0 for no bound. [default: 0]", HelpName = "PERCENT" };
    private readonly Option<int?> _checkpoint = new("--checkpoint") { Description = "Seconds from one checkpoint to the next; 0 for none. [default: 30]", HelpName = "SECONDS" };
    private readonly Option<bool?> _autostart = new("--autostart") { Description = "It starts when Hearth does: true or false. [default: false]", HelpName = "true|false", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string[]> _persons = Texts("--person", "NAME", "Who may bring it to a seat; nobody named: everybody. May be repeated.");

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _disks, _cdRoms, _memory, _cpus, _networks, _vga, _screen, _sound, _input, _persons, _checkpoint, _autostart, _cpuWeight, _cpuCap,
            _kernel, _initrd, _append, _firmware, _boot, _engine, _cpuModel, _paravirtual, _balloon, _watchdog, _vsock,
        ];
        foreach (Option option in all)
            command.Add(option);
    }

    /// <summary>What was given; the rest is absent. Files are named from the root: the daemon is elsewhere.</summary>
    /// <exception cref="UsageException">An option cannot be read.</exception>
    public GuestSettings Read(ParseResult parsed) => new()
    {
        Engine = parsed.GetValue(_engine),
        Memory = parsed.GetValue(_memory),
        Cpus = parsed.GetValue(_cpus),
        CpuModel = parsed.GetValue(_cpuModel),
        Paravirtual = parsed.GetValue(_paravirtual),
        Kernel = FullPath.Of(parsed.GetValue(_kernel)),
        Initrd = FullPath.Of(parsed.GetValue(_initrd)),
        Append = parsed.GetValue(_append),
        Disks = Given(parsed.GetValue(_disks))?.Select(ReadDisk).ToArray(),
        CdRoms = Given(parsed.GetValue(_cdRoms))?.Select(path => FullPath.Of(path)!).ToArray(),
        Firmware = parsed.GetValue(_firmware) is SeaBios.Name ? SeaBios.Name : FullPath.Of(parsed.GetValue(_firmware)),
        BootOrder = parsed.GetValue(_boot)?.Split(',', StringSplitOptions.RemoveEmptyEntries),
        Networks = Given(parsed.GetValue(_networks))?.Select(FullPath.InNetwork).ToArray(),
        Vga = parsed.GetValue(_vga),
        Screen = parsed.GetValue(_screen),
        Sound = FullPath.Behind(VmRunOptions.WavPrefix, parsed.GetValue(_sound)),
        Input = parsed.GetValue(_input),
        Balloon = parsed.GetValue(_balloon),
        Watchdog = parsed.GetValue(_watchdog),
        Vsock = FullPath.BehindColon(parsed.GetValue(_vsock)),
        CpuWeight = parsed.GetValue(_cpuWeight),
        CpuCap = parsed.GetValue(_cpuCap),
        CheckpointSeconds = parsed.GetValue(_checkpoint),
        StartsWithHouse = parsed.GetResult(_autostart) is null ? null : parsed.GetValue(_autostart) ?? true,
        Persons = Given(parsed.GetValue(_persons))?.Where(name => name.Length > 0).ToArray(),
    };

    private static DiskSettings ReadDisk(string text)
    {
        DiskOption option = DiskOption.Parse(text);
        return new DiskSettings(FullPath.Of(option.Path)!, option.Format is { } format ? DiskFormatNames.NameOf(format) : null, option.Bus, option.IsReadOnly);
    }

    private static string[]? Given(string[]? texts) => texts is { Length: > 0 } ? texts : null;

    private static Option<string> Text(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Option<string[]> Texts(string name, string value, string description) => new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore };
}
