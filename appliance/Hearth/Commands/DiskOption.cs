namespace Hearth.Commands;

/// <summary>What <c>--disk</c> was given: a file name and what follows it.</summary>
/// <param name="Bus"><c>virtio</c> or <c>ide</c>.</param>
internal sealed record DiskOption(string Path, bool IsReadOnly, string Bus)
{
    private const string ReadOnly = ",readonly";
    private const string BusPrefix = ",bus=";

    /// <summary>Takes off the end what is known; a comma elsewhere belongs to the name.</summary>
    /// <exception cref="UsageException">There is no such bus.</exception>
    public static DiskOption Parse(string text)
    {
        var option = new DiskOption(text, false, "virtio");
        while (true)
        {
            if (option.Path.EndsWith(ReadOnly, StringComparison.Ordinal))
                option = option with { Path = option.Path[..^ReadOnly.Length], IsReadOnly = true };
            else if (option.Path.LastIndexOf(',') is var comma and >= 0 && option.Path[comma..].StartsWith(BusPrefix, StringComparison.Ordinal))
                option = option with { Path = option.Path[..comma], Bus = ParseBus(option.Path[(comma + BusPrefix.Length)..]) };
            else
                return option;
        }
    }

    private static string ParseBus(string bus) =>
        bus is "virtio" or "ide" ? bus : throw new UsageException($"--disk: bus={bus} is none of virtio and ide");
}
