using System.Text;
using Hearth.Protocol;

namespace Hearth.Tests.Protocol;

/// <summary>Each side is written by other code than the one that reads it.</summary>
public sealed class ControlJsonTests
{
    [Fact]
    public void Order_withEverything_isReadAsItWasWritten()
    {
        GuestOrder order = new MessageFiller().Fill<GuestOrder>();

        Assert.Equal(MessageFiller.Describe(order), MessageFiller.Describe(ControlJson.ReadOrder(ControlJson.Write(order))));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Order_ofEachKind_isReadAsItWasWritten(GuestOrderKind kind) =>
        Assert.Equal(new GuestOrder(7, kind), ControlJson.ReadOrder(ControlJson.Write(new GuestOrder(7, kind))));

    [Fact]
    public void Report_withEverything_isReadAsItWasWritten()
    {
        GuestReport report = new MessageFiller().Fill<GuestReport>();

        Assert.Equal(MessageFiller.Describe(report), MessageFiller.Describe(ControlJson.ReadReport(ControlJson.Write(report))));
    }

    [Fact]
    public void Report_withNothing_isReadAsItWasWritten()
    {
        var report = new GuestReport(3, GuestReportKind.Refused) { Greeting = new GuestGreeting("kvm", false, 0, 0, null, false) { HasExitPipe = true } };

        Assert.Equal(report, ControlJson.ReadReport(ControlJson.Write(report)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"unknown\":1}")]
    [InlineData("{\"number\":\"1\"}")]
    [InlineData("{\"number\":99999999999}")]
    [InlineData("{\"kind\":\"Nothing\"}")]
    [InlineData("{\"save\":{\"layers\":[{\"disk\":1,\"name\":null}]}}")]
    [InlineData("{\"kind\":\"\\ud800\"}")]
    [InlineData("{} {}")]
    public void Order_thatIsNone_isRefused(string json) => Assert.Throws<FormatException>(() => ControlJson.ReadOrder(Encoding.UTF8.GetBytes(json)));

    public static TheoryData<GuestOrderKind> Kinds() => [.. Enum.GetValues<GuestOrderKind>()];
}
