using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>Signal handlers that are machine code (sigaction(2)).</summary>
public static unsafe class SignalAction
{
    /// <summary>The address of the handler that is installed now: 0 is the default action, 1 is to ignore.</summary>
    /// <exception cref="LinuxException">There is no such signal.</exception>
    public static nint CurrentHandler(int signal)
    {
        Libc.sigaction_t action;
        Check(Libc.sigaction(signal, null, &action), signal);
        return action.Handler;
    }

    /// <summary>Installs a handler of three arguments (SA_SIGINFO). It runs on the alternate stack of the thread, where there is one.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Install(int signal, nint handler)
    {
        // The mask and flags of the one before stay: what runs before it must not be interrupted by what it excludes.
        Libc.sigaction_t action;
        Check(Libc.sigaction(signal, null, &action), signal);
        action.Handler = handler;
        action.Flags |= Libc.SA_SIGINFO | Libc.SA_ONSTACK;
        Check(Libc.sigaction(signal, &action, null), signal);
    }

    private static void Check(int result, int signal)
    {
        if (result != 0)
            throw new LinuxException($"cannot handle signal {signal}", Marshal.GetLastPInvokeError());
    }
}
