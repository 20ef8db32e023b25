using System.Text;
using Hearth.Protocol;

namespace Hearth.Tests.Protocol;

public sealed class GuestConfigurationJsonTests
{
    [Fact]
    public void Read_whatWasWritten_isTheSame()
    {
        GuestConfiguration configuration = new MessageFiller().Fill<GuestConfiguration>() with { Version = GuestConfiguration.CurrentVersion };

        GuestConfiguration read = GuestConfigurationJson.Read(GuestConfigurationJson.Write(configuration));

        Assert.Equal(MessageFiller.Describe(configuration), MessageFiller.Describe(read));
    }

    [Fact]
    public void Read_ofTheDefault_isTheDefault() =>
        Assert.Equal(MessageFiller.Describe(new GuestConfiguration()), MessageFiller.Describe(GuestConfigurationJson.Read(GuestConfigurationJson.Write(new GuestConfiguration()))));

    [Fact]
    public void Read_ofNothing_isTheDefault() => Assert.Equal(MessageFiller.Describe(new GuestConfiguration()), MessageFiller.Describe(GuestConfigurationJson.Read("{}"u8)));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"Unknown\":1}")]
    [InlineData("{\"Version\":2}")]
    [InlineData("{\"CommandLine\":null}")]
    [InlineData("{\"Memory\":-1}")]
    [InlineData("{\"Disks\":[{\"File\":null}]}")]
    [InlineData("{} {}")]
    public void Read_somethingElse_isRefused(string json) =>
        Assert.Throws<FormatException>(() => GuestConfigurationJson.Read(Encoding.UTF8.GetBytes(json)));
}
