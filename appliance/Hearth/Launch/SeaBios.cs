namespace Hearth.Launch;

/// <summary>SeaBIOS, the firmware that starts a guest from disk or CD.</summary>
internal static class SeaBios
{
    /// <summary>How <c>--firmware</c> calls it.</summary>
    public const string Name = "seabios";

    /// <summary>Why there is none, a sentence without a full stop.</summary>
    public const string Missing = $"{Debian} is not there: install it with `apt-get install seabios`, or name it by --firmware FILE or ${Variable}";

    private const string Variable = "HEARTH_SEABIOS";
    private const string Debian = "/usr/share/seabios/bios-256k.bin";

    /// <summary>The file that $HEARTH_SEABIOS names, or else the one of Debian's package; null when there is neither.</summary>
    public static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
            return named;
        return File.Exists(Debian) ? Debian : null;
    }
}
