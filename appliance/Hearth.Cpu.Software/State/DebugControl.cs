namespace Hearth.Cpu.Software;

/// <summary>DR6 and DR7 (Intel SDM Vol. 3, sections 17.2.3 and 17.2.4).</summary>
internal static unsafe class DebugControl
{
    /// <summary>DR6.BD: a MOV to or from a debug register found DR7.GD set.</summary>
    public const ulong GeneralDetect = 1 << 13;
    public const ulong SingleStep = 1 << 14;
    public const ulong TaskSwitch = 1 << 15;

    /// <summary>The bits of DR6 that read as one whatever was written.</summary>
    public const ulong Dr6Fixed = 0xFFFF_0FF0;
    public const ulong Dr6Writable = 0xE00F;

    public const ulong Dr7LocalExact = 1 << 8;
    public const ulong Dr7Fixed = 1 << 10;
    public const ulong Dr7GeneralDetect = 1 << 13;
    public const ulong Dr7Writable = 0xFFFF_23FF;

    /// <summary>The local enable bits, which a task switch clears.</summary>
    public const ulong Dr7LocalEnables = 0x55 | Dr7LocalExact;

    public const int Execute = 0;
    public const int WriteOnly = 1;
    public const int Port = 2;

    /// <summary>The kind of breakpoint i: 0 fetch, 1 write, 2 port, 3 read or write; -1 when it is not enabled.</summary>
    public static int KindOf(ulong dr7, int i) => ((dr7 >> (2 * i)) & 3) == 0 ? -1 : (int)(dr7 >> (16 + (4 * i))) & 3;

    /// <summary>The bytes that breakpoint i watches: 1, 2, 8 or 4.</summary>
    public static int LengthOf(ulong dr7, int i) => ((int)(dr7 >> (18 + (4 * i))) & 3) switch { 0 => 1, 1 => 2, 2 => 8, _ => 4 };

    public static bool HasFetchBreakpoint(ulong dr7)
    {
        if ((dr7 & 0xFF) == 0)
            return false;
        for (int i = 0; i < 4; i++)
        {
            if (KindOf(dr7, i) == Execute)
                return true;
        }

        return false;
    }
}
