using Hearth.Commands;

namespace Hearth.Tests.Commands;

public sealed class MemorySizeTests
{
    private const ulong Host = 8UL << 30;

    [Theory]
    [InlineData("2M", 2UL << 20)]
    [InlineData("512m", 512UL << 20)]
    [InlineData("4096K", 4UL << 20)]
    [InlineData("8G", 8UL << 30)]
    [InlineData("67108864", 64UL << 20)]
    public void Parse_aSize_givesBytes(string text, ulong bytes) => Assert.Equal(bytes, MemorySize.Parse(text, Host));

    [Theory]
    [InlineData("0", "is too little")]
    [InlineData("1M", "is too little")]
    [InlineData("9G", "is more than this host has (8192M)")]
    [InlineData("1T", "is more than this host has (8192M)")]
    [InlineData("18446744073709551615", "is more than this host has")]
    [InlineData("2097153", "is no multiple of 4096 bytes")]
    [InlineData("", "is no size")]
    [InlineData("M", "is no size")]
    [InlineData("-1G", "is no size")]
    [InlineData("1.5G", "is no size")]
    [InlineData("lots", "is no size")]
    [InlineData("99999999999999999G", "is more than this host has")]
    [InlineData("99999999999999999999", "is more than this host has")]
    [InlineData("16777216T", "is more than this host has")]
    public void Parse_somethingElse_saysWhatIsWrong(string text, string what)
    {
        var error = Assert.Throws<UsageException>(() => MemorySize.Parse(text, Host));

        Assert.StartsWith($"--memory {text} ", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }
}
