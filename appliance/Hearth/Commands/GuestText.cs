using System.Globalization;
using Hearth.Api.Messages;
using Hearth.Doctor;

namespace Hearth.Commands;

/// <summary>Guests and states as people read them.</summary>
internal static class GuestText
{
    public static string List(IEnumerable<GuestMessage> guests) => TextTable.Write(
        ["name", "state", "since", "seat", "memory", "processors"],
        guests.Select(guest => new[]
        {
            guest.Name, guest.Phase, LocalTime.Write(guest.Since), guest.Seat ?? "-", guest.Settings.Memory ?? "-", $"{guest.Settings.Cpus}",
        }));

    public static string Describe(GuestMessage guest, int? width)
    {
        GuestSettings settings = guest.Settings;
        var table = new TableText(width);
        table.Paragraph($"{guest.Name} is {guest.Phase} since {LocalTime.Write(guest.Since)}{(guest.Sentence is { } sentence ? $": {sentence}" : "")}.");
        table.Section("Now");
        table.Row("seat", guest.Seat ?? "none");
        table.Row("process", guest.ProcessId is { } process ? string.Create(CultureInfo.InvariantCulture, $"{process}, engine {guest.Engine}") : "none");
        table.Row("last state", guest.LastState is { } state ? $"{state.Id}, of {LocalTime.Write(state.Taken)}" : "none");
        table.Section("House");
        table.Row("persons", settings.Persons is { Count: > 0 } persons ? string.Join(", ", persons) : "everybody");
        table.Row("checkpoints", settings.CheckpointSeconds is 0 ? "none" : $"every {settings.CheckpointSeconds} s");
        table.Row("starts by itself", settings.StartsWithHouse == true ? "yes" : "no");
        table.Row("share", $"{settings.CpuWeight} % of an ordinary guest's, {(settings.CpuCap is { } cap ? $"at most {cap} % of a processor" : "without bound")}");
        table.Section("Machine");
        table.Row("processors", $"{settings.Cpus}, engine {settings.Engine}, model {settings.CpuModel ?? "the best here"}, paravirtual {settings.Paravirtual ?? "kvm"}");
        table.Row("memory", settings.Memory + (settings.Balloon is { } balloon ? $", balloon {balloon}" : ""));
        table.Row("starts from", settings.Kernel ?? $"{settings.Firmware ?? "seabios"}, {BootOrder(settings)}");
        if (settings.Initrd is { } initrd)
            table.Row("initrd", initrd);
        if (settings.Append is { Length: > 0 } append)
            table.Row("command line", append);
        foreach (DiskSettings disk in settings.Disks ?? [])
            table.Row("disk", $"{disk.Path}, {disk.Format ?? "format recognised"}, {disk.Bus}{(disk.ReadOnly ? ", read-only" : "")}");
        foreach (string image in settings.CdRoms ?? [])
            table.Row("CD", image);
        foreach (string network in settings.Networks ?? [])
            table.Row("network", network);
        table.Row("graphics", $"{settings.Vga}{(settings.Screen is { } screen ? $", {screen}" : "")}");
        table.Row("sound", settings.Sound);
        table.Row("input", settings.Input);
        table.Row("watchdog", settings.Watchdog);
        if (settings.Vsock is { } vsock)
            table.Row("vsock", vsock);
        return table.ToString();
    }

    public static string List(IEnumerable<StateMessage> states) => TextTable.Write(
        ["state", "taken", "kind", "label", "size", "pause"],
        states.Select(state => new[]
        {
            $"{state.Id}", LocalTime.Write(state.Taken), (state.Checkpoint ? "checkpoint" : "saved") + (state.Pinned ? ", pinned" : ""), state.Label ?? "-", ByteCount.Write(state.NewBytes),
            string.Create(CultureInfo.InvariantCulture, $"{state.PauseMilliseconds:F0} ms"),
        }));

    private static string BootOrder(GuestSettings settings) => settings.BootOrder is { Count: > 0 } order ? string.Join(", ", order) : "disk, cd, net";
}
