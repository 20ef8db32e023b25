using Hearth.Bench.Cpu;
using Hearth.Bench.Io;

namespace Hearth.Bench.Tests.Io;

public sealed class IoTableTests
{
    private static readonly IoRow s_fast = new("fast", "raw", 1000, "MB/s");
    private static readonly IoRow s_failed = new("failed", "raw", 1000, "MB/s");

    [Fact]
    public void Lines_haveRatesOfTheMediansAndTheirRatio()
    {
        var results = new ResultSet([new BenchRow("fast", "raw"), new BenchRow("failed", "raw")], [IoTable.Hearth, IoTable.Qemu]);
        foreach (double seconds in (double[])[2, 0.5, 1])
            results.Add(IoTable.Hearth, [new RowResult("fast", seconds, "1", "-", null)], "");
        results.Add(IoTable.Qemu, [new RowResult("fast", 4, "1", "-", null)], "");
        results.Add(IoTable.Qemu, [new RowResult("failed", 4, "1", "-", null)], "");

        string[] lines = [.. new IoTable([s_fast, s_failed], results).Lines().Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

        Assert.Equal(["unit hearth qemu x of QEMU", "fast MB/s 1000 250 4.00", "failed MB/s - 250 -"], lines);
    }

    [Fact]
    public void Checksum_isThatOfTheGuestsProgram() => Assert.Equal(unchecked((0xCBF29CE484222325 ^ 1) * 0x100000001B3), IoServer.Checksum([1, 0, 0, 0, 0, 0, 0, 0]));
}
