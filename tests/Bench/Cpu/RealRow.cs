namespace Hearth.Bench.Cpu;

/// <summary>A row that runs a program of Debian, by its command in the folder of <see cref="ProgramTree"/>.</summary>
/// <param name="Times">How often it is started in the measured time.</param>
internal sealed record RealRow(string Name, int Times, string Command)
{
    public const string Class = "real";

    private const string Loader = "lib/ld-linux-x86-64.so.2 --library-path lib";

    public static IReadOnlyList<RealRow> All { get; } =
    [
        new("xz-compress", 1, Run("xz", "-6 -T1 -c data/text-small")),
        new("xz-decompress", 1, Run("xz", "-d -T1 -c data/text.xz")),
        new("openssl-sha256", 1, "OPENSSL_CONF=/dev/null " + Run("openssl", "dgst -sha256" + string.Concat(Enumerable.Repeat(" data/text", 8)))),
        new("python-start", 8, "PYTHONHOME=python " + Run("python3", "-c pass")),
        new("python-loop", 1, "PYTHONHOME=python " + Run("python3", "data/loop.py")),
        new("ffmpeg-start", 1, Run("ffmpeg", "-nostdin -hide_banner -loglevel error -formats")),
        new("ffmpeg-h264", 1, Run("ffmpeg", "-nostdin -hide_banner -loglevel error -threads 1 -i data/clip.mkv -f framecrc -")),
    ];

    /// <summary>The command of an unpacked program: through the loader of its own C library, so that neither root nor chroot is needed.</summary>
    public static string Run(string program, string arguments) => $"{Loader} bin/{program} {arguments}";
}
