using Hearth.Protocol;
using Hearth.Screen;

namespace Hearth.Commands;

/// <summary>What <c>hearth vm run</c> was asked for; files are paths still.</summary>
internal sealed record VmRunOptions
{
    public const int MaximumCpus = 8;

    public const string WavPrefix = "wav:";
    public const int MaximumNetworks = 8;

    /// <summary><c>auto</c>, <c>software</c> or <c>kvm</c>.</summary>
    public string Engine { get; init; } = "auto";

    public required ulong Memory { get; init; }

    public int Cpus { get; init; } = 1;

    public string? CpuModel { get; init; }

    /// <summary><c>kvm</c>, <c>hyperv</c> or <c>none</c>; null where it was not asked for.</summary>
    public string? Paravirtual { get; init; }

    public string? Kernel { get; init; }

    public string? Initrd { get; init; }

    public string Append { get; init; } = "";

    /// <summary>Each a file name and, after a space, its arguments.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Each as <see cref="Launch.DiskOption"/> reads it.</summary>
    public IReadOnlyList<string> Disks { get; init; } = [];

    /// <summary>After <see cref="Disks"/>: those of a guest of the house, with what it has written.</summary>
    public IReadOnlyList<Launch.LayeredDisk> LayeredDisks { get; init; } = [];

    /// <summary>Images in CD drives.</summary>
    public IReadOnlyList<string> CdRoms { get; init; } = [];

    /// <summary><c>seabios</c> or a file name; null where it was not asked for.</summary>
    public string? Firmware { get; init; }

    /// <summary>From what the firmware is to start: <c>disk</c>, <c>cd</c>, <c>net</c>.</summary>
    public IReadOnlyList<string> BootOrder { get; init; } = [];

    public bool BootMenu { get; init; }

    /// <summary>A file for what the firmware writes of itself.</summary>
    public string? FirmwareLog { get; init; }

    /// <summary>A NIC each.</summary>
    public IReadOnlyList<NetworkOption> Networks { get; init; } = [];

    /// <summary>passt's path where it was given; found by itself otherwise.</summary>
    public string? Passt { get; init; }

    /// <summary><c>stdio</c>, <c>none</c> or a file name.</summary>
    public string Serial { get; init; } = "stdio";

    /// <inheritdoc cref="Serial"/>
    public string Console { get; init; } = "none";

    /// <summary><c>none</c>, <c>std</c> or <c>virtio</c>.</summary>
    public string Vga { get; init; } = "none";

    /// <summary>What the guest's screen likes best; null where it was not asked for.</summary>
    public ScreenSize? Screen { get; init; }

    /// <summary>Screenshots and sizes to ask for.</summary>
    public IReadOnlyList<ScreenEvent> ScreenEvents { get; init; } = [];

    /// <summary><c>hda</c>, <c>none</c> or <c>wav:</c> and a file name.</summary>
    public string Sound { get; init; } = "none";

    /// <summary>The WAV file that microphones hear; null for none.</summary>
    public string? Microphone { get; init; }

    /// <summary>Virtio input devices.</summary>
    public IReadOnlyList<InputTarget> InputDevices { get; init; } = [];

    /// <summary>What is typed by itself.</summary>
    public IReadOnlyList<InputStep> Keys { get; init; } = [];

    public ushort? DebugExitPort { get; init; }

    public bool NoReboot { get; init; }

    public bool NoRng { get; init; }

    /// <summary>Bytes that the guest is to give up at first; null for no balloon.</summary>
    public ulong? Balloon { get; init; }

    /// <summary>What is done when the guest's watchdog runs out; null for no watchdog.</summary>
    public WatchdogAction? Watchdog { get; init; }

    /// <summary>The address and the socket of the guest's vsock device; null for none.</summary>
    public VsockAddress? Vsock { get; init; }

    public bool Verbose { get; init; }

    public bool Statistics { get; init; }

    /// <summary><c>auto</c>, <c>translate</c>, <c>adaptive</c> or <c>direct</c>.</summary>
    public string Tier { get; init; } = "auto";

    /// <summary>A folder; null for none.</summary>
    public string? TranslationDirectory { get; init; }

    public string? Restore { get; init; }

    public string? Save { get; init; }

    /// <summary>Everything that needs no file to be opened.</summary>
    public GuestConfiguration ToConfiguration() => new()
    {
        Engine = Engine,
        Memory = Memory,
        Cpus = Cpus,
        CpuModel = CpuModel,
        Paravirtual = Paravirtual,
        CommandLine = Append,
        Input = new InputConfiguration(InputDevices, Keys),
        BootOrder = BootOrder,
        BootMenu = BootMenu,
        DebugExitPort = DebugExitPort,
        ExitOnReset = NoReboot,
        EntropyDevice = !NoRng,
        Balloon = Balloon,
        Watchdog = Watchdog,
        Verbose = Verbose,
        Statistics = Statistics,
        Tier = Tier,
        TranslationDirectory = TranslationDirectory,
    };
}
