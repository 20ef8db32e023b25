namespace Hearth.Vm.Terminal;

/// <summary>What a key after Ctrl-A asks for.</summary>
internal enum EscapeAction
{
    None,
    Quit,
    Help,
}

/// <summary>Takes the keys that belong to Hearth out of what is typed: Ctrl-A and the key after it.</summary>
internal sealed class EscapeKeys
{
    public const byte Escape = 1;

    private const byte ControlBit = 0x60;
    private const byte FirstPrintable = 0x20;

    private bool _isEscaped;

    /// <summary>Looks at one typed byte.</summary>
    /// <param name="forGuest">The byte the guest gets, or null for none.</param>
    public EscapeAction Take(byte typed, out byte? forGuest)
    {
        if (!_isEscaped)
        {
            _isEscaped = typed == Escape;
            forGuest = _isEscaped ? null : typed;
            return EscapeAction.None;
        }

        _isEscaped = false;

        // Ctrl held down over both keys is as good as not.
        char key = char.ToLowerInvariant((char)(typed < FirstPrintable ? typed | ControlBit : typed));
        forGuest = key == 'a' ? Escape : null;
        return key switch
        {
            'x' => EscapeAction.Quit,
            'h' or '?' => EscapeAction.Help,
            _ => EscapeAction.None,
        };
    }
}
