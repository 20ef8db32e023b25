namespace Hearth.Devices.Platform.I8042;

/// <summary>The modifiers that change what Print Screen and Pause send.</summary>
[Flags]
internal enum KeyModifiers
{
    None = 0,
    Control = 1 << 0,
    Shift = 1 << 1,
    Alt = 1 << 2,
}

/// <summary>The bytes a keyboard sends for one key, in each scan code set.</summary>
internal static class KeySequence
{
    /// <summary>The longest one is Pause in set 2.</summary>
    public const int MaximumLength = 8;

    /// <returns>The number of bytes written to <paramref name="codes"/>; zero when the key does not exist in the set.</returns>
    public static int Press(int set, ushort key, KeyModifiers held, Span<byte> codes)
    {
        if (set == 3)
            return Plain(ScanCodes.Set3(key), codes);
        if (key == ScanCodes.Pause)
            return ToSet(set, PausePress(held), codes);
        if (key == ScanCodes.PrintScreen)
            return ToSet(set, PrintScreenPress(held), codes);
        ushort code = ScanCodes.Set2(key);
        return code <= 0xFF
            ? ToSet(set, [(byte)code], codes)
            : ToSet(set, [ScanCodes.Extended, (byte)code], codes);
    }

    /// <inheritdoc cref="Press"/>
    public static int Release(int set, ushort key, KeyModifiers held, Span<byte> codes)
    {
        if (set == 3)
            return PlainRelease(ScanCodes.Set3(key), codes);
        if (key == ScanCodes.Pause)
            return 0;
        if (key == ScanCodes.PrintScreen)
            return ToSet(set, PrintScreenRelease(held), codes);
        ushort code = ScanCodes.Set2(key);
        return code <= 0xFF
            ? ToSet(set, [ScanCodes.Released, (byte)code], codes)
            : ToSet(set, [ScanCodes.Extended, ScanCodes.Released, (byte)code], codes);
    }

    // Pause sends its release with its press; with Control it is Break.
    private static ReadOnlySpan<byte> PausePress(KeyModifiers held) => (held & KeyModifiers.Control) != 0
        ? [0xE0, 0x7E, 0xE0, 0xF0, 0x7E]
        : [0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77];

    // Print Screen wraps itself in a Shift unless one is held; with Alt it is SysRq, a key of its own.
    private static ReadOnlySpan<byte> PrintScreenPress(KeyModifiers held) =>
        (held & KeyModifiers.Alt) != 0 ? [0x84]
        : held != KeyModifiers.None ? [0xE0, 0x7C]
        : [0xE0, 0x12, 0xE0, 0x7C];

    private static ReadOnlySpan<byte> PrintScreenRelease(KeyModifiers held) =>
        (held & KeyModifiers.Alt) != 0 ? [0xF0, 0x84]
        : held != KeyModifiers.None ? [0xE0, 0xF0, 0x7C]
        : [0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12];

    private static int Plain(byte code, Span<byte> codes)
    {
        codes[0] = code;
        return code == 0 ? 0 : 1;
    }

    private static int PlainRelease(byte code, Span<byte> codes)
    {
        codes[0] = ScanCodes.Released;
        codes[1] = code;
        return code == 0 ? 0 : 2;
    }

    /// <summary>Set 1 is set 2 with the controller's translation: a release is a bit, not a prefix.</summary>
    private static int ToSet(int set, ReadOnlySpan<byte> set2, Span<byte> codes)
    {
        if (set2[^1] == 0)
            return 0;
        int length = 0;
        byte released = 0;
        foreach (byte code in set2)
        {
            if (set == 2)
            {
                codes[length++] = code;
            }
            else if (code == ScanCodes.Released)
            {
                released = 0x80;
            }
            else
            {
                codes[length++] = (byte)(ScanCodes.Translate(code) | released);
                released = 0;
            }
        }

        return length;
    }
}
