using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

public sealed class JailNumbersTests
{
    [Theory]
    [InlineData(new[] { 5, 9 }, new[] { 3, 4 })]
    [InlineData(new[] { 5, 9 }, new[] { 9, 5 })]
    [InlineData(new[] { 3, 4 }, new[] { 100, 4 })]
    [InlineData(new[] { 200, 4 }, new[] { 0, 1 })]
    public void Give_whateverTheNumbers_overwritesNoneBeforeItIsInItsPlace(int[] sources, int[] targets)
    {
        var numbers = new JailNumbers(sources, targets);
        for (int i = 0; i < sources.Length; i++)
            numbers.Give(sources[i], targets[i]);

        int[] between = [.. numbers.Moves.Select(move => move.To)];
        Assert.Equal(sources, numbers.Moves.Select(move => move.From));
        Assert.Equal(between.Zip(targets), numbers.Places);
        Assert.Equal(between, between.Distinct());
        Assert.Empty(between.Intersect([.. sources, .. targets, 0, 1, 2]));
    }
}
