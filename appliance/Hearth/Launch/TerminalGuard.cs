using Hearth.Linux;

namespace Hearth.Launch;

/// <summary>
/// A shell that waits for the guest's process and gives the terminal its mode back if that dies without doing so itself: by
/// SIGKILL, or by a fault in generated code. It holds one end of a pair of sockets: a line on it says that all is well, its end
/// that the process is gone.
/// </summary>
internal static class TerminalGuard
{
    private const int Channel = 3;

    // The shell that started hearth may have the terminal by then: changing it would stop a background process by SIGTTOU.
    private const string Script = "trap '' HUP INT QUIT TERM TTOU; read -r _ <&3 || stty \"$1\"";

    /// <summary>Starts the guard of a terminal.</summary>
    /// <returns>The guest's end; null when the descriptor is no terminal.</returns>
    /// <exception cref="LinuxException">There is no shell.</exception>
    public static FileDescriptor? Start(FileDescriptor terminal)
    {
        string? mode = RawTerminal.Describe(terminal);
        if (mode is null)
            return null;
        (FileDescriptor guestEnd, FileDescriptor guardEnd) = FileDescriptor.CreateSocketPair();
        using (guardEnd)
            _ = ProcessImage.Spawn("/bin/sh", ["sh", "-c", Script, "sh", mode], guardEnd, Channel, terminal);
        return guestEnd;
    }
}
