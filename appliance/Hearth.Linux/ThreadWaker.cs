using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>Makes a system call that another thread waits in end with EINTR (tgkill(2)).</summary>
/// <remarks>The signal means nothing by itself: its handler is one return instruction, and does not restart the call.</remarks>
public static unsafe class ThreadWaker
{
    // The runtime uses SIGRTMIN (34 in glibc); those just above it are other libraries' favourites.
    private const int WakeSignal = 44;

    private static readonly MappedMemory s_handler = Install();

    /// <summary>The calling thread's number, for <see cref="Wake"/>. Afterwards it can be woken.</summary>
    public static int RegisterCurrent()
    {
        ArgumentNullException.ThrowIfNull(s_handler);
        return Libc.gettid();
    }

    /// <summary>Interrupts a thread of this process; nothing happens when it is gone.</summary>
    public static void Wake(int thread) => _ = Libc.tgkill(Environment.ProcessId, thread, WakeSignal);

    private static MappedMemory Install()
    {
        const byte Return = 0xC3;
        MappedMemory code = MappedMemory.Anonymous(4096, executable: true);
        *code.Address = Return;
        SignalAction.Install(WakeSignal, (nint)code.Address);
        return code;
    }
}
