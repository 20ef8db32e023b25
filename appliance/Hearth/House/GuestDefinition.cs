namespace Hearth.House;

/// <summary>
/// What a guest is: the settings of <c>hearth vm run</c>, in the words people write them with, and the house's own. What makes sense is told by
/// <see cref="GuestRules"/>; how a guest is run from it, by <see cref="GuestRules.ToRunOptions"/>.
/// </summary>
internal sealed record GuestDefinition
{
    /// <summary>Unique in the house, whatever the case of its letters.</summary>
    public required string Name { get; init; }

    /// <summary><c>auto</c>, <c>software</c> or <c>kvm</c>.</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>As <c>--memory</c> has it: <c>512M</c>.</summary>
    public string Memory { get; init; } = "1G";

    public int Cpus { get; init; } = 1;

    /// <summary>Null for the best this host can run.</summary>
    public string? CpuModel { get; init; }

    /// <summary><c>kvm</c>, <c>hyperv</c> or <c>none</c>; null for what is usual.</summary>
    public string? Paravirtual { get; init; }

    /// <summary>A kernel that is booted without firmware; null for none.</summary>
    public string? Kernel { get; init; }

    public string? Initrd { get; init; }

    /// <summary>The kernel's command line.</summary>
    public string Append { get; init; } = "";

    public IReadOnlyList<GuestDisk> Disks { get; init; } = [];

    /// <summary>Images in CD drives.</summary>
    public IReadOnlyList<string> CdRoms { get; init; } = [];

    /// <summary><c>seabios</c> or a file; null for what is usual.</summary>
    public string? Firmware { get; init; }

    /// <summary>From what the firmware starts: <c>disk</c>, <c>cd</c>, <c>net</c>, and <c>menu</c>. Empty for what is usual.</summary>
    public IReadOnlyList<string> BootOrder { get; init; } = [];

    /// <summary>A NIC each, as <c>--net</c> has it.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];

    /// <summary><c>none</c>, <c>std</c> or <c>virtio</c>. A guest of the house is there to be looked at, so it has a card unless told otherwise.</summary>
    public string Vga { get; init; } = "std";

    /// <summary>As <c>--screen</c> has it: <c>1024x768</c>; null for what is usual.</summary>
    public string? Screen { get; init; }

    /// <summary><c>hda</c>, <c>none</c> or <c>wav:</c> and a file name.</summary>
    public string Sound { get; init; } = "none";

    /// <summary>As <c>--input</c> has it.</summary>
    public string Input { get; init; } = "ps2";

    /// <summary>As <c>--balloon</c> has it; null for no balloon.</summary>
    public string? Balloon { get; init; }

    /// <summary><c>reset</c>, <c>poweroff</c>, <c>report</c> or <c>none</c>.</summary>
    public string Watchdog { get; init; } = "none";

    /// <summary>As <c>--vsock</c> has it; null for none.</summary>
    public string? Vsock { get; init; }

    /// <summary>Its share of the processors where guests compete, in percent of an ordinary one's.</summary>
    public int CpuWeight { get; init; } = 100;

    /// <summary>The most it gets, in percent of one processor; null for no bound.</summary>
    public int? CpuCap { get; init; }

    /// <summary>Seconds from one checkpoint to the next; 0 for none.</summary>
    public int CheckpointSeconds { get; init; } = 30;

    /// <summary>It starts when the house does.</summary>
    public bool StartsWithHouse { get; init; }

    /// <summary>Identifiers of the persons who may bring it to a seat; empty for everybody.</summary>
    public IReadOnlyList<int> Persons { get; init; } = [];

    /// <summary>The machine of this definition in the house of another one: what the guest's system sees from here, what it does not see from there.</summary>
    public GuestDefinition In(GuestDefinition other) => this with
    {
        Name = other.Name,
        Engine = other.Engine,
        CpuWeight = other.CpuWeight,
        CpuCap = other.CpuCap,
        CheckpointSeconds = other.CheckpointSeconds,
        StartsWithHouse = other.StartsWithHouse,
        Persons = other.Persons,

        // The socket on this side of it is one guest's, and not its clone's.
        Vsock = Vsock is null ? null : other.Vsock ?? Vsock,
    };
}
