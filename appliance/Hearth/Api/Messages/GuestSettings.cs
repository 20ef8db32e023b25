using Hearth.House;

namespace Hearth.Api.Messages;

/// <summary>
/// What a guest is (<see cref="GuestDefinition"/>). In a request what is absent stays as it is, an empty text takes a setting away, and so does 0 with
/// <see cref="CpuCap"/>.
/// </summary>
internal sealed record GuestSettings
{
    public string? Name { get; init; }

    public string? Engine { get; init; }

    public string? Memory { get; init; }

    public int? Cpus { get; init; }

    public string? CpuModel { get; init; }

    public string? Paravirtual { get; init; }

    public string? Kernel { get; init; }

    public string? Initrd { get; init; }

    public string? Append { get; init; }

    public IReadOnlyList<DiskSettings>? Disks { get; init; }

    public IReadOnlyList<string>? CdRoms { get; init; }

    public string? Firmware { get; init; }

    public IReadOnlyList<string>? BootOrder { get; init; }

    public IReadOnlyList<string>? Networks { get; init; }

    public string? Vga { get; init; }

    public string? Screen { get; init; }

    public string? Sound { get; init; }

    public string? Input { get; init; }

    public string? Balloon { get; init; }

    public string? Watchdog { get; init; }

    public string? Vsock { get; init; }

    public int? CpuWeight { get; init; }

    public int? CpuCap { get; init; }

    public int? CheckpointSeconds { get; init; }

    public bool? StartsWithHouse { get; init; }

    /// <summary>By name.</summary>
    public IReadOnlyList<string>? Persons { get; init; }

    /// <param name="nameOf">The name of a person; null for one who has left.</param>
    public static GuestSettings Of(GuestDefinition definition, Func<int, string?> nameOf) => new()
    {
        Name = definition.Name,
        Engine = definition.Engine,
        Memory = definition.Memory,
        Cpus = definition.Cpus,
        CpuModel = definition.CpuModel,
        Paravirtual = definition.Paravirtual,
        Kernel = definition.Kernel,
        Initrd = definition.Initrd,
        Append = definition.Append,
        Disks = [.. definition.Disks.Select(DiskSettings.Of)],
        CdRoms = definition.CdRoms,
        Firmware = definition.Firmware,
        BootOrder = definition.BootOrder,
        Networks = definition.Networks,
        Vga = definition.Vga,
        Screen = definition.Screen,
        Sound = definition.Sound,
        Input = definition.Input,
        Balloon = definition.Balloon,
        Watchdog = definition.Watchdog,
        Vsock = definition.Vsock,
        CpuWeight = definition.CpuWeight,
        CpuCap = definition.CpuCap,
        CheckpointSeconds = definition.CheckpointSeconds,
        StartsWithHouse = definition.StartsWithHouse,
        Persons = [.. definition.Persons.Select(nameOf).OfType<string>()],
    };

    /// <param name="before">What is absent here stays as it is there.</param>
    /// <param name="idOf">The identifier of a person.</param>
    public GuestDefinition ApplyTo(GuestDefinition before, Func<string, int> idOf) => before with
    {
        Name = Name ?? before.Name,
        Engine = Engine ?? before.Engine,
        Memory = Memory ?? before.Memory,
        Cpus = Cpus ?? before.Cpus,
        CpuModel = Optional(CpuModel, before.CpuModel),
        Paravirtual = Optional(Paravirtual, before.Paravirtual),
        Kernel = Optional(Kernel, before.Kernel),
        Initrd = Optional(Initrd, before.Initrd),
        Append = Append ?? before.Append,
        Disks = Disks is null ? before.Disks : [.. Disks.Select(disk => disk.ToDisk())],
        CdRoms = CdRoms ?? before.CdRoms,
        Firmware = Optional(Firmware, before.Firmware),
        BootOrder = BootOrder ?? before.BootOrder,
        Networks = Networks ?? before.Networks,
        Vga = Vga ?? before.Vga,
        Screen = Optional(Screen, before.Screen),
        Sound = Sound ?? before.Sound,
        Input = Input ?? before.Input,
        Balloon = Optional(Balloon, before.Balloon),
        Watchdog = Watchdog ?? before.Watchdog,
        Vsock = Optional(Vsock, before.Vsock),
        CpuWeight = CpuWeight ?? before.CpuWeight,
        CpuCap = CpuCap switch { null => before.CpuCap, 0 => null, _ => CpuCap },
        CheckpointSeconds = CheckpointSeconds ?? before.CheckpointSeconds,
        StartsWithHouse = StartsWithHouse ?? before.StartsWithHouse,
        Persons = Persons is null ? before.Persons : [.. Persons.Select(idOf).Distinct()],
    };

    private static string? Optional(string? given, string? before) => given switch
    {
        null => before,
        "" => null,
        _ => given,
    };
}
