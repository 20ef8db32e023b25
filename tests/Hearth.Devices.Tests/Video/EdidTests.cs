using System.Text;
using Hearth.Devices.Video;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Video;

public class EdidTests
{
    [Theory]
    [InlineData(1024, 768)]
    [InlineData(1920, 1080)]
    [InlineData(3840, 2160)]
    [InlineData(640, 480)]
    [InlineData(1366, 768)]
    public void Block_ofASize_hasItAsPreferredTiming(int width, int height)
    {
        byte[] block = Block(new DisplaySize(width, height), 0);

        Assert.Equal((width, height), (block[56] | ((block[58] & 0xF0) << 4), block[59] | ((block[61] & 0xF0) << 4)));
        Assert.Equal(2, block[24] & 2);
    }

    [Theory]
    [InlineData(1024, 768, 5600)]
    [InlineData(1920, 1080, 13850)]
    public void Timing_isReducedBlankingAt60Hz(int width, int height, int clock)
    {
        byte[] block = Block(new DisplaySize(width, height), 0);

        Assert.Equal(clock, block[54] | (block[55] << 8));
        Assert.Equal(160, block[57]);
    }

    [Theory]
    [InlineData(8192, 8192)]
    [InlineData(1, 1)]
    [InlineData(4096, 4096)]
    public void Block_ofAnySize_isWhole(int width, int height)
    {
        byte[] block = Block(new DisplaySize(width, height), 3);

        Assert.Equal(0, (byte)block.Sum(value => value));
        Assert.Equal([0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0], block[..8]);
        Assert.Equal((1, 4), (block[18], block[19]));
    }

    [Fact]
    public void Block_namesTheScreen()
    {
        byte[] block = Block(new DisplaySize(1024, 768), 2);

        Assert.Equal("Hearth Screen", Encoding.ASCII.GetString(block, 77, 13));
        Assert.StartsWith("HRT-02\n", Encoding.ASCII.GetString(block, 95, 13), StringComparison.Ordinal);
        Assert.Equal(3, block[12]);
    }

    private static byte[] Block(DisplaySize size, int output)
    {
        var block = new byte[Edid.Length];
        Edid.Write(block, size, output);
        return block;
    }
}
