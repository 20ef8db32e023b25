using System.Text;
using Hearth.Protocol;

namespace Hearth.Tests.Protocol;

public sealed class EngineReportJsonTests
{
    [Fact]
    public void Read_whatWasWritten_isTheSame()
    {
        var report = new EngineReport
        {
            Kvm = new KvmReport(new KvmRefusal(KvmObstacle.TooSlow, "KVM is slow"), 512_345.5, 48.25),
            DefaultModel = "x86-64-v3",
            Models = [new ModelReport("x86-64-v2", [], null), new ModelReport("x86-64-v3", ["avx2"], ["aes"])],
        };

        EngineReport read = EngineReportJson.Read(EngineReportJson.Write(report));

        Assert.Equal(report with { Models = [] }, read with { Models = [] });
        Assert.Equal(["avx2"], read.Models[1].SoftwareMissing);
        Assert.Equal(["aes"], read.Models[1].KvmMissing);
        Assert.Null(read.Models[0].KvmMissing);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"Version\":1,\"Kvm\":null,\"Models\":[],\"DefaultModel\":\"x\"}")]
    [InlineData("{\"Version\":2,\"Kvm\":{\"Refusal\":null,\"RoundsPerSecond\":0,\"TrialMilliseconds\":0},\"Models\":[],\"DefaultModel\":\"x\"}")]
    public void Read_somethingElse_isRefused(string json) =>
        Assert.Throws<FormatException>(() => EngineReportJson.Read(Encoding.UTF8.GetBytes(json)));
}
