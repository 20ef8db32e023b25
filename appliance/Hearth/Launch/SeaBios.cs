namespace Hearth.Launch;

/// <summary>SeaBIOS, the firmware that starts a guest from disk or CD, and its BIOS for the VGA.</summary>
internal static class SeaBios
{
    /// <summary>How <c>--firmware</c> calls it.</summary>
    public const string Name = "seabios";

    /// <summary>Why there is none, a sentence without a full stop.</summary>
    public const string Missing = $"{Debian} is not there: install it with `apt-get install seabios`, or name it by --firmware FILE or ${Variable}";

    private const string Variable = "HEARTH_SEABIOS";
    private const string Debian = "/usr/share/seabios/bios-256k.bin";
    private const string Vga = "vgabios-stdvga.bin";

    /// <summary>The BIOS for the VGA: the one beside the firmware, as Debian's package has both, or else that of the package itself; null when there is neither.</summary>
    /// <param name="option">As for <see cref="Find"/>.</param>
    public static string? FindVga(string? option) =>
        new[] { Find(option), Debian }.Where(file => !string.IsNullOrEmpty(file)).Select(file => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file!)) ?? "/", Vga)).FirstOrDefault(File.Exists);

    /// <summary>The file that $HEARTH_SEABIOS names, or else the one of Debian's package; null when there is neither.</summary>
    /// <param name="option">What <c>--firmware</c> says: <see cref="Name"/>, or another file to take instead; null when it is not given.</param>
    public static string? Find(string? option)
    {
        if (option is not (null or Name))
            return option;
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
            return named;
        return File.Exists(Debian) ? Debian : null;
    }
}
