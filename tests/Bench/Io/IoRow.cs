namespace Hearth.Bench.Io;

/// <summary>A row of <c>Programs/io.c</c>, whose work is fixed.</summary>
/// <param name="Class">The device: <c>raw</c>, <c>qcow2</c>, <c>network</c>, <c>screen</c>.</param>
/// <param name="Amount">How much of the unit's it moves, without what goes before the measured time.</param>
/// <param name="Unit">Of the rate.</param>
internal sealed record IoRow(string Name, string Class, double Amount, string Unit)
{
    public const string Raw = "raw";
    public const string Qcow2 = "qcow2";
    public const string Network = "network";
    public const string Screen = "screen";

    private const string Bytes = "MB/s";
    private const string Requests = "requests/s";
    private const string Frames = "frames/s";

    // In io.c as LargePasses, SmallCount, NetLength and the numbers of frames.
    private const double Disk = 256 * 1048576 / 1e6;
    private const double Large = 4 * Disk;
    private const double Small = 8192;
    private const double Net = 64 * 1048576 / 1e6;
    private const double LargeNet = 4 * Net;

    public static IReadOnlyList<IoRow> All { get; } =
    [
        .. DiskRows(Raw),
        .. DiskRows(Qcow2),
        new("qcow2-grow-1m", Qcow2, Disk, Bytes),
        new("net-send", Network, LargeNet, Bytes),
        new("net-receive", Network, LargeNet, Bytes),
        new("net-send-1500", Network, Net, Bytes),
        new("net-receive-1500", Network, Net, Bytes),
        new("screen-flush", Screen, 1000, Frames),
        new("screen-draw", Screen, 500, Frames),
    ];

    private static IEnumerable<IoRow> DiskRows(string format) =>
    [
        new($"{format}-read-1m", format, Large, Bytes),
        new($"{format}-write-1m", format, Large, Bytes),
        new($"{format}-read-4k", format, Small, Requests),
        new($"{format}-write-4k", format, Small, Requests),
        new($"{format}-read-4k-deep", format, Small, Requests),
        new($"{format}-write-4k-deep", format, Small, Requests),
    ];
}
