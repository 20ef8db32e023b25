namespace Hearth.Proving.Qmp;

/// <summary>Keys pressed on the machine's keyboard. Their names are QEMU's (QKeyCode): <c>a</c>, <c>ret</c>, <c>ctrl</c>, <c>f1</c>, <c>meta_l</c>.</summary>
public sealed class QmpKeyboard
{
    /// <summary>Long enough for an emulated USB keyboard to be asked in between: its queue has room for 16 events.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(25);

    private readonly QmpClient _qmp;

    internal QmpKeyboard(QmpClient qmp) => _qmp = qmp;

    /// <summary>Types text on a US keyboard, some 20 characters a second.</summary>
    /// <exception cref="ArgumentException">A US keyboard does not have the character.</exception>
    public void Type(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (char character in text)
        {
            (string key, bool isShifted) = UsKeyboardMap.Find(character);
            Press(s_pace, isShifted ? ["shift", key] : [key]);
            Thread.Sleep(s_pace);
        }
    }

    /// <summary>Presses keys in this order, holds them, and lets go in reverse order.</summary>
    public void Press(TimeSpan hold, params IReadOnlyList<string> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (string key in keys)
            Down(key);
        Thread.Sleep(hold);
        foreach (string key in keys.Reverse())
            Up(key);
    }

    public void Down(string key) => QmpInput.Send(_qmp, QmpInput.Key(key, isDown: true));

    public void Up(string key) => QmpInput.Send(_qmp, QmpInput.Key(key, isDown: false));
}
