using Hearth.Vm.Terminal;

namespace Hearth.Vm.Tests.Terminal;

public sealed class EscapeKeysTests
{
    [Theory]
    [InlineData("plain", "plain", "")]
    [InlineData("\u0001x", "", "Quit")]
    [InlineData("\u0001X", "", "Quit")]
    [InlineData("\u0001\u0018", "", "Quit")]
    [InlineData("a\u0001ab", "a\u0001b", "")]
    [InlineData("\u0001\u0001", "\u0001", "")]
    [InlineData("\u0001h", "", "Help")]
    [InlineData("\u0001zok", "ok", "")]
    [InlineData("x\u0001hy\u0001x", "xy", "Help Quit")]
    public void Take_typedKeys_separatesHearthsOwn(string typed, string forGuest, string actions)
    {
        var keys = new EscapeKeys();
        var guest = new List<byte?>();
        var taken = new List<EscapeAction>();
        foreach (char key in typed)
        {
            taken.Add(keys.Take((byte)key, out byte? wanted));
            guest.Add(wanted);
        }

        Assert.Equal(forGuest, string.Concat(guest.OfType<byte>().Select(key => (char)key)));
        Assert.Equal(actions, string.Join(' ', taken.Where(action => action != EscapeAction.None)));
    }
}
