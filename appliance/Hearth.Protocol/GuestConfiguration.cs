namespace Hearth.Protocol;

/// <summary>
/// Everything <c>hearth-vm</c> needs to run one guest. <c>hearth</c> writes it into a memory file, opens every file it
/// names, and executes <c>hearth-vm</c> with the descriptors.
/// </summary>
/// <remarks>Files are given by descriptor, never by path: <c>hearth-vm</c> opens nothing itself. Names are for messages only.</remarks>
public sealed record GuestConfiguration
{
    public const int CurrentVersion = 1;

    /// <summary>Both programs come from one build; another version means a broken installation.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The CPU engine: <c>software</c>, <c>kvm</c>, or <c>auto</c> for KVM where it is of use.</summary>
    public string Engine { get; init; } = "software";

    /// <summary>The KVM device; null where it was not asked for or does not open.</summary>
    public OpenFile? Kvm { get; init; }

    /// <summary>Why it does not open; null where it does or was not asked for.</summary>
    public KvmRefusal? KvmRefusal { get; init; }

    /// <summary>Bytes, a multiple of 4096.</summary>
    public ulong Memory { get; init; }

    public int Cpus { get; init; } = 1;

    /// <summary>The CPU model's name; null for the engine's default.</summary>
    public string? CpuModel { get; init; }

    /// <summary>The paravirtual interface: <c>kvm</c>, <c>hyperv</c> or <c>none</c>; null for that of the saved guest, or else <c>kvm</c>.</summary>
    public string? Paravirtual { get; init; }

    public OpenFile? Kernel { get; init; }

    public OpenFile? Initrd { get; init; }

    public string CommandLine { get; init; } = "";

    public IReadOnlyList<ModuleConfiguration> Modules { get; init; } = [];

    public IReadOnlyList<DiskConfiguration> Disks { get; init; } = [];

    /// <summary>Images in CD drives on the IDE channels.</summary>
    public IReadOnlyList<OpenFile> CdRoms { get; init; } = [];

    /// <summary>The firmware that starts the guest; null where a kernel is started without one.</summary>
    public OpenFile? Firmware { get; init; }

    /// <summary>From what the firmware is to start, the first one first: <c>disk</c>, <c>cd</c>, <c>net</c>. What is left out is tried last.</summary>
    public IReadOnlyList<string> BootOrder { get; init; } = [];

    /// <summary>The firmware offers a menu of what it can start from.</summary>
    public bool BootMenu { get; init; }

    /// <summary>Where the firmware's own log goes; null for nowhere.</summary>
    public SerialConfiguration? FirmwareLog { get; init; }

    /// <summary>The files among those above and below that are written to from their beginning.</summary>
    public IReadOnlyList<OutputFile> Outputs { get; init; } = [];

    /// <summary>A NIC each.</summary>
    public IReadOnlyList<NetworkConfiguration> Networks { get; init; } = [];

    /// <summary>What is plugged into COM1.</summary>
    public SerialConfiguration Serial { get; init; } = new(null, null);

    /// <summary>What the virtio console is plugged into; null for no such device.</summary>
    public SerialConfiguration? Console { get; init; }

    /// <summary>The guest's graphics card and screens; null for none.</summary>
    public DisplayConfiguration? Display { get; init; }

    /// <summary>The guest's sound card; null for none.</summary>
    public SoundConfiguration? Sound { get; init; }

    /// <summary>Input devices beside the PS/2 keyboard and mouse, and what is typed by itself.</summary>
    public InputConfiguration Input { get; init; } = new([], []);

    /// <summary>The descriptor that gets a line when the terminal has its mode back; null when there is no terminal.</summary>
    public int? TerminalGuard { get; init; }

    /// <summary>The first debug-exit port; null for none.</summary>
    public ushort? DebugExitPort { get; init; }

    /// <summary>A guest reset or triple fault ends the run instead of rebooting the guest.</summary>
    public bool ExitOnReset { get; init; }

    /// <summary>The guest has a virtio entropy source.</summary>
    public bool EntropyDevice { get; init; } = true;

    /// <summary>Bytes that the guest is to give up at first; null for no balloon.</summary>
    public ulong? Balloon { get; init; }

    /// <summary>What is done when the guest's watchdog runs out; null for no watchdog.</summary>
    public WatchdogAction? Watchdog { get; init; }

    /// <summary>null for no vsock device.</summary>
    public VsockConfiguration? Vsock { get; init; }

    /// <summary>Guest mistakes that devices notice go to standard error.</summary>
    public bool Verbose { get; init; }

    /// <summary>Which tiers of the software engine run user code: <c>auto</c>, <c>translate</c>, <c>adaptive</c> or <c>direct</c>.</summary>
    public string Tier { get; init; } = "auto";

    /// <summary>Where the software engine keeps translated code from run to run; null for nowhere.</summary>
    public string? TranslationDirectory { get; init; }

    /// <summary>What the CPU engine counted goes to standard error at the end.</summary>
    public bool Statistics { get; init; }

    /// <summary>A saved state to go on from, instead of booting.</summary>
    public OpenFile? Restore { get; init; }

    /// <summary>Where SIGUSR1 saves the guest to.</summary>
    public SaveConfiguration? Save { get; init; }

    /// <summary>By what the supervisor steers the guest; null where it runs without one.</summary>
    public HostingConfiguration? Hosting { get; init; }
}
