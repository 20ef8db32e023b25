using Hearth.Commands;
using Hearth.Protocol;

namespace Hearth.Tests.Commands;

public sealed class KeyScriptTests
{
    [Fact]
    public void Text_becomesPressesAndReleases()
    {
        Assert.Equal([(30, 1), (30, 0), (42, 1), (48, 1), (48, 0), (42, 0), (28, 1), (28, 0)], Keys("aB\\n"));
    }

    [Theory]
    [InlineData("<enter>", new[] { 28 })]
    [InlineData("<F12>", new[] { 88 })]
    [InlineData("<ctrl-alt-del>", new[] { 29, 56, 111 })]
    [InlineData("<alt-f2>", new[] { 56, 60 })]
    [InlineData("<shift-,>", new[] { 42, 51 })]
    [InlineData("\\\\", new[] { 43 })]
    [InlineData("~", new[] { 42, 41 })]
    [InlineData("\"", new[] { 42, 40 })]
    [InlineData("?", new[] { 42, 53 })]
    [InlineData(")", new[] { 42, 11 })]
    public void Names_andCharacters_areChords(string text, int[] keys)
    {
        (int, int)[] expected = [.. keys.Select(key => (key, 1)), .. keys.Reverse().Select(key => (key, 0))];

        Assert.Equal(expected, Keys(text));
    }

    [Fact]
    public void Every_printableCharacter_hasAKey()
    {
        for (char character = ' '; character <= '~'; character++)
        {
            if (character is not ('<' or '\\'))
                Assert.NotEmpty(KeyScript.Parse(character.ToString()));
        }
    }

    [Fact]
    public void After_isTheFirstWait()
    {
        IReadOnlyList<InputStep> steps = KeyScript.Parse("a<wait 0.25>b,after=1.5");

        Assert.Equal([1500, 20, 20, 250, 20, 20], steps.Select(step => step.Delay));
        Assert.Empty(steps[0].Changes);
    }

    [Fact]
    public void Hands_reachTheirDevices()
    {
        IReadOnlyList<InputStep> steps = KeyScript.Parse("<move 5,-3><click left><point 100,200><touch 1,10,20><lift 1><pad south><stick -1,2><wheel -1>");

        Assert.Equal(
            [
                InputTarget.Mouse, InputTarget.Mouse, InputTarget.Mouse, InputTarget.Tablet, InputTarget.Touchscreen, InputTarget.Touchscreen,
                InputTarget.Gamepad, InputTarget.Gamepad, InputTarget.Gamepad, InputTarget.Mouse,
            ],
            steps.Select(step => step.Target));
        Assert.Equal([new InputChange(2, 0, 5), new InputChange(2, 1, -3)], steps[0].Changes);
        Assert.Equal(new InputChange(1, 0x14A, 0), steps[5].Changes[^1]);
    }

    [Fact]
    public void Screen_isTouchedUntilTheLastFingerLeaves()
    {
        IReadOnlyList<InputStep> steps = KeyScript.Parse("<touch 0,1,1><touch 1,2,2><lift 0><lift 1>");

        Assert.Equal([1, 1, 1, 0], steps.Select(step => step.Changes[^1].Value));
    }

    [Theory]
    [InlineData("<nokey>", "there is no key <nokey>")]
    [InlineData("<ctrl-nokey>", "there is no key <nokey>")]
    [InlineData("<enter", "does not end")]
    [InlineData("ü", "no key of a US keyboard")]
    [InlineData("\\x", "none of")]
    [InlineData("a,after=soon", "no number of seconds")]
    [InlineData("a,after=-1", "no number of seconds")]
    [InlineData("<move 1>", "2 numbers")]
    [InlineData("<touch 10,0,0>", "fingers")]
    [InlineData("<pad z>", "none of")]
    public void Mistakes_areExplained(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<UsageException>(() => KeyScript.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void TooMuch_isRefused() =>
        Assert.Throws<UsageException>(() => KeyScript.Parse(new string('a', 100_000)));

    [Theory]
    [InlineData("ps2", new InputTarget[0])]
    [InlineData("virtio", new[] { InputTarget.Keyboard, InputTarget.Mouse, InputTarget.Tablet })]
    [InlineData("virtio,pad,touch", new[] { InputTarget.Keyboard, InputTarget.Mouse, InputTarget.Tablet, InputTarget.Gamepad, InputTarget.Touchscreen })]
    public void Devices_areNamed(string text, InputTarget[] expected) => Assert.Equal(expected, InputDevices.Parse(text));

    [Theory]
    [InlineData("usb")]
    [InlineData("ps2,touch")]
    [InlineData("virtio,wheel")]
    public void Devices_thatAreNot_areRefused(string text) => Assert.Throws<UsageException>(() => InputDevices.Parse(text));

    private static IEnumerable<(int Key, int Value)> Keys(string text) =>
        KeyScript.Parse(text).SelectMany(step => step.Changes).Select(change => ((int)change.Code, change.Value));
}
