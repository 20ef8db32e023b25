using Hearth.Devices.Platform.I8042;

namespace Hearth.Devices.Tests.Platform.I8042;

public sealed class KeyboardTests
{
    private const ushort KeyA = 30;
    private const ushort KeyB = 48;
    private const ushort LeftShift = 42;
    private const ushort LeftAlt = 56;
    private const ushort PrintScreen = 99;
    private const ushort RightControl = 97;
    private const ushort Pause = 119;
    private const long Millisecond = 1_000_000;

    private readonly I8042Guest _guest = new();

    [Fact]
    public void Identify_Untranslated_IsAnMf2Keyboard()
    {
        _guest.SwitchTranslationOff();

        Assert.Equal([0xFA, 0xAB, 0x83], _guest.Keyboard(0xF2));
    }

    [Fact]
    public void Identify_Translated_HasItsSecondByteTranslated()
    {
        Assert.Equal([0xFA, 0xAB, 0x41], _guest.Keyboard(0xF2));
    }

    [Fact]
    public void Reset_IsAcknowledgedAndPassesItsSelfTest()
    {
        Assert.Equal([0xFA, 0xAA], _guest.Keyboard(0xFF));
    }

    [Fact]
    public void Echo_IsAnsweredByItself()
    {
        Assert.Equal([0xEE], _guest.Keyboard(0xEE));
    }

    [Fact]
    public void Resend_RepeatsTheLastByte()
    {
        _guest.Keyboard(0xEE);

        Assert.Equal([0xEE], _guest.Keyboard(0xFE));
    }

    [Fact]
    public void UnknownCommand_IsAskedForAgain()
    {
        Assert.Equal([0xFE], _guest.Keyboard(0xEF));
    }

    [Fact]
    public void Leds_Set_AreSeenByTheHost()
    {
        byte[] answers = _guest.Keyboard(0xED, 0x06);

        Assert.Equal([0xFA, 0xFA], answers);
        Assert.Equal(KeyboardLeds.NumLock | KeyboardLeds.CapsLock, _guest.Device.Leds);
    }

    [Fact]
    public void Leds_FollowedByACommand_AreLeftAlone()
    {
        byte[] answers = _guest.Keyboard(0xED, 0xF4);

        Assert.Equal([0xFA, 0xFA], answers);
        Assert.Equal(KeyboardLeds.None, _guest.Device.Leds);
    }

    [Theory]
    [InlineData(1, new byte[] { 0x1E, 0x9E, 0xE0, 0x1D, 0xE0, 0x9D })]
    [InlineData(2, new byte[] { 0x1C, 0xF0, 0x1C, 0xE0, 0x14, 0xE0, 0xF0, 0x14 })]
    [InlineData(3, new byte[] { 0x1C, 0xF0, 0x1C, 0x58, 0xF0, 0x58 })]
    public void Keys_InEachScanCodeSet_SendItsCodes(byte set, byte[] expected)
    {
        _guest.SwitchTranslationOff();
        _guest.Keyboard(0xF0, set);

        _guest.Tap(KeyA);
        _guest.Tap(RightControl);

        Assert.Equal(expected, _guest.ReadAll());
        Assert.Equal([0xFA, 0xFA, set], _guest.Keyboard(0xF0, 0x00));
    }

    [Fact]
    public void ScanCodeSet_ThatDoesNotExist_IsAskedForAgain()
    {
        Assert.Equal([0xFA, 0xFE], _guest.Keyboard(0xF0, 0x04));
    }

    [Fact]
    public void Pause_Translated_SendsItsReleaseWithItsPress()
    {
        _guest.Tap(Pause);

        Assert.Equal([0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5], _guest.ReadAll());
    }

    [Fact]
    public void PrintScreen_AloneAndWithAlt_SendsDifferentKeys()
    {
        _guest.Tap(PrintScreen);
        byte[] alone = _guest.ReadAll();
        _guest.Device.Key(LeftAlt, true);
        _guest.ReadAll();
        _guest.Tap(PrintScreen);

        Assert.Equal([0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7, 0xE0, 0xAA], alone);
        Assert.Equal([0x54, 0xD4], _guest.ReadAll());
    }

    /// <summary>Every key of the main block keeps its number: Linux' key codes are set 1 codes up to 88.</summary>
    [Fact]
    public void Keys_OfTheMainBlock_TranslateToTheirLinuxKeyCode()
    {
        ushort[] keys = [.. Enumerable.Range(1, 88).Select(key => (ushort)key).Where(key => key is not (84 or 85))];

        Assert.All(keys, key =>
        {
            _guest.Tap(key);
            Assert.Equal([(byte)key, (byte)(key | 0x80)], _guest.ReadAll());
        });
    }

    [Fact]
    public void Keys_ThatDoNotExist_SendNothing()
    {
        _guest.Tap(0);
        _guest.Tap(84);
        _guest.Tap(250);
        _guest.Tap(ushort.MaxValue);

        Assert.False(_guest.HasOutput);
    }

    [Fact]
    public void Key_HeldDown_RepeatsAfterItsDelayAtItsRate()
    {
        _guest.Keyboard(0xF3, 0x00);
        _guest.Device.Key(KeyA, true);
        _guest.ReadAll();

        _guest.Machine.Clock.Advance(249 * Millisecond);
        bool early = _guest.HasOutput;
        _guest.Machine.Clock.Advance(Millisecond);
        byte[] first = _guest.ReadAll();
        _guest.Machine.Clock.Advance(34 * Millisecond);
        byte[] second = _guest.ReadAll();
        _guest.Device.Key(KeyA, false);
        _guest.ReadAll();
        _guest.Machine.Clock.Advance(1000 * Millisecond);

        Assert.False(early);
        Assert.Equal([0x1E], first);
        Assert.Equal([0x1E], second);
        Assert.False(_guest.HasOutput);
    }

    [Fact]
    public void Key_HeldDownWithoutAReader_DoesNotPileUp()
    {
        _guest.Device.Key(KeyA, true);
        _guest.Machine.Clock.Advance(60_000 * Millisecond);

        Assert.InRange(_guest.ReadAll().Length, 1, 3);
    }

    [Fact]
    public void Queue_Full_StillHasRoomForReleases()
    {
        _guest.Device.Key(LeftShift, true);
        for (int i = 0; i < 1000; i++)
            _guest.Tap(KeyA);

        _guest.Device.Key(LeftShift, false);
        byte[] codes = _guest.ReadAll();

        Assert.Equal(0xAA, codes[^1]);
        Assert.InRange(codes.Length, 10, 256);
    }

    [Fact]
    public void ReleaseAllKeys_WithKeysDown_SendsTheirReleases()
    {
        _guest.Device.Key(KeyA, true);
        _guest.Device.Key(KeyB, true);
        _guest.ReadAll();

        _guest.Device.ReleaseAllKeys();

        Assert.Equal([0x9E, 0xB0], _guest.ReadAll());
    }

    [Fact]
    public void Scanning_Disabled_SendsNoKeys()
    {
        _guest.Keyboard(0xF5);
        _guest.Tap(KeyA);
        bool disabled = _guest.HasOutput;
        _guest.Keyboard(0xF4);
        _guest.Tap(KeyA);

        Assert.False(disabled);
        Assert.Equal([0x1E, 0x9E], _guest.ReadAll());
    }

    [Fact]
    public void Reply_WhileACodeIsHalfRead_DoesNotLandInsideIt()
    {
        _guest.SwitchTranslationOff();
        _guest.Tap(RightControl);
        byte prefix = _guest.Machine.In(I8042Guest.Data);

        byte[] rest = _guest.Keyboard(0xEE);

        Assert.Equal(0xE0, prefix);
        Assert.Equal([0x14, 0xEE, 0xE0, 0xF0, 0x14], rest);
    }
}
