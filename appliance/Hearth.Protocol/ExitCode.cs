namespace Hearth.Protocol;

/// <summary>
/// How <c>hearth vm run</c> ends. All of Hearth's own codes are even, because a debug exit ends with an odd one:
/// <c>(value &lt;&lt; 1) | 1</c>. Described for people in <c>appliance/docs/exit-codes.md</c>.
/// </summary>
public static class ExitCode
{
    /// <summary>The guest switched itself off, or the command had nothing else to do.</summary>
    public const int Success = 0;

    /// <summary>The command line, a file or the host does not allow this guest to be started.</summary>
    public const int Configuration = 2;

    /// <summary>A vCPU shut down by a triple fault, with <c>--no-reboot</c>.</summary>
    public const int TripleFault = 4;

    /// <summary>The guest needs something the CPU engine does not do.</summary>
    public const int Unsupported = 6;

    /// <summary>Hearth or its host failed.</summary>
    public const int HostFault = 8;

    /// <summary>The guest asked for a reset, with <c>--no-reboot</c>.</summary>
    public const int GuestReset = 10;

    /// <summary>Ctrl-A X was typed.</summary>
    public const int UserQuit = 12;

    /// <summary>The guest was saved and stopped.</summary>
    public const int Saved = 14;

    /// <summary>The guest's kernel panicked, and said so.</summary>
    public const int GuestPanic = 16;

    /// <summary>The guest's watchdog ran out, and the guest is not to be reset.</summary>
    public const int Watchdog = 18;

    /// <summary>The code of a debug exit; only the low seven bits of the value reach the exit status.</summary>
    public static int FromDebugExit(uint value) => (int)(((value << 1) | 1) & 0xFF);
}
