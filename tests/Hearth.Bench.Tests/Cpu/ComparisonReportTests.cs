using System.Text.Json;
using Hearth.Bench.Cpu;

namespace Hearth.Bench.Tests.Cpu;

public sealed class ComparisonReportTests
{
    private static readonly BenchHost s_host = new(DateTimeOffset.UnixEpoch, "processor", 2, "kernel", "guest kernel", "hearth 1", "qemu 1", "gcc 1");

    [Fact]
    public void Report_hasEveryTimeAndTheRatios()
    {
        using JsonDocument report = Write(SampleResults.Create());

        JsonElement row = report.RootElement.GetProperty("rows")[0];
        Assert.Equal("alu", row.GetProperty("name").GetString());
        Assert.Equal("0a", row.GetProperty("checksum").GetString());
        Assert.Equal([0.1, 0.3], row.GetProperty("contenders").GetProperty("native").GetProperty("seconds").EnumerateArray().Select(time => time.GetDouble()));
        Assert.Equal(2.0, row.GetProperty("ratios").GetProperty("tcgToHearth").GetDouble(), precision: 12);
    }

    [Fact]
    public void Report_saysWhereAndWithWhatItWasMade()
    {
        using JsonDocument report = Write(SampleResults.Create());

        Assert.Equal("guest kernel", report.RootElement.GetProperty("host").GetProperty("guestKernel").GetString());
        Assert.Equal(3, report.RootElement.GetProperty("options").GetProperty("rounds").GetInt32());
        Assert.Equal("blocks 1", report.RootElement.GetProperty("engine")[0].GetString());
        Assert.Equal(2, report.RootElement.GetProperty("classes").GetArrayLength());
    }

    [Fact]
    public void Report_ofNothing_hasNullsAndNoTimes()
    {
        using JsonDocument report = Write(SampleResults.Empty());

        JsonElement native = report.RootElement.GetProperty("rows")[0].GetProperty("contenders").GetProperty("native");
        Assert.Equal(JsonValueKind.Null, native.GetProperty("median").ValueKind);
        Assert.Equal(0, native.GetProperty("seconds").GetArrayLength());
    }

    private static JsonDocument Write(ResultSet results) =>
        JsonDocument.Parse(ComparisonReport.Write(results, SampleResults.Ratios, s_host, new ComparisonOptions(), ["blocks 1"]));
}
