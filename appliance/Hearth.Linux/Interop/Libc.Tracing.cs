using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <content>ptrace(2) and wait(2).</content>
internal static unsafe partial class Libc
{
    internal const int PTRACE_CONT = 7;
    internal const int PTRACE_SINGLESTEP = 9;
    internal const int PTRACE_GETREGS = 12;
    internal const int PTRACE_SETREGS = 13;
    internal const int PTRACE_SYSEMU = 31;
    internal const int PTRACE_SETOPTIONS = 0x4200;
    internal const int PTRACE_GETSIGINFO = 0x4202;
    internal const int PTRACE_GETREGSET = 0x4204;
    internal const int PTRACE_SETREGSET = 0x4205;
    internal const int PTRACE_O_TRACESYSGOOD = 1;
    internal const int PTRACE_O_EXITKILL = 0x100000;
    internal const int NT_X86_XSTATE = 0x202;
    internal const int WALL = 0x40000000;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long ptrace(int request, int pid, nint address, void* data);
}
