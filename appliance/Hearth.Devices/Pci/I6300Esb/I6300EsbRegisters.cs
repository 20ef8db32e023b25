namespace Hearth.Devices.Pci.I6300Esb;

/// <summary>Registers of the watchdog timer (Intel 6300ESB I/O Controller Hub datasheet, chapter 14): in configuration space, and in the memory of BAR 0.</summary>
internal static class I6300EsbRegisters
{
    public const int Configuration = 0x60;
    public const ushort InterruptTypeMask = 3;
    public const ushort InterruptDisabled = 3;

    /// <summary>WDT_PRE_SEL: the timer counts in microseconds, more or less, and not in milliseconds.</summary>
    public const ushort Fast = 1 << 2;

    /// <summary>WDT_OUTPUT: the second stage does not reset the machine.</summary>
    public const ushort OutputDisabled = 1 << 5;
    public const ushort ConfigurationWritable = InterruptTypeMask | Fast | OutputDisabled;

    public const int Lock = 0x68;

    /// <summary>WDT_LOCK: the register stays as it is until a reset.</summary>
    public const byte Locked = 1 << 0;
    public const byte Enabled = 1 << 1;

    /// <summary>WDT_TOUT_CNF: the second stage alone, again and again.</summary>
    public const byte FreeRunning = 1 << 2;
    public const byte LockWritable = Locked | Enabled | FreeRunning;

    public const uint MemoryLength = 0x10;
    public const uint FirstPreload = 0x00;
    public const uint SecondPreload = 0x04;
    public const uint InterruptStatus = 0x08;
    public const uint Reload = 0x0C;
    public const uint PreloadMask = 0xF_FFFF;
    public const uint InterruptActive = 1;

    /// <summary>WDT_RELOAD: back to the start of the first stage.</summary>
    public const ushort ReloadTimer = 1 << 8;

    /// <summary>WDT_TIMEOUT: the second stage ran out; it stays through a reset, so that the next boot knows.</summary>
    public const ushort TimedOut = 1 << 9;

    /// <summary>What is written to <see cref="Reload"/>, one after the other, before a register takes a value.</summary>
    public const byte FirstKey = 0x80;
    public const byte SecondKey = 0x86;
}
