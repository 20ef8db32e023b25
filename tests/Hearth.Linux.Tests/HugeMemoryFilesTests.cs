namespace Hearth.Linux.Tests;

public sealed class HugeMemoryFilesTests
{
    [Theory]
    [InlineData("always within_size advise [never] deny force\n", false)]
    [InlineData("always within_size [advise] never deny force\n", false)]
    [InlineData("always within_size advise never [deny] force\n", false)]
    [InlineData("always [inherit] within_size advise never\n", false)]
    [InlineData("[always] within_size advise never deny force\n", true)]
    [InlineData("always [within_size] advise never deny force\n", true)]
    [InlineData("always within_size advise never deny [force]\n", true)]
    [InlineData("", true)]
    public void Setting_isUnderstood(string setting, bool isTaken) => Assert.Equal(isTaken, HugeMemoryFiles.IsTaken(setting));

    /// <summary>What the supervisor relies on where this says no: what is written is there, and nothing else.</summary>
    [Fact]
    public void Write_whereTheyAreNotPossible_bringsWhatIsWrittenAndNothingElse()
    {
        Assert.SkipWhen(HugeMemoryFiles.ArePossible(), "this host puts huge pages into memory files");
        const int Length = 64 << 10;
        const long Offset = 32 << 20;
        using FileDescriptor file = FileDescriptor.CreateMemory("test", 64 << 20);

        file.WriteAt(new byte[Length], Offset);

        Assert.True(file.TryFindData(0, out long start, out long end));
        Assert.Equal((Offset, Offset + Length), (start, end));
        Assert.False(file.TryFindData(end, out _, out _));
    }
}
