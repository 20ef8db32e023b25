using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A pipe at whose end whoever has the other one learns at once that this process has begun to end.</summary>
/// <remarks>
/// A process that is killed takes its memory down before its descriptors, and ends for those who wait for it after both (Linux, kernel/exit.c, do_exit): with much memory, and others
/// who want the processors, that takes seconds. Memory and descriptors are all threads' and go with the last one. So the pipe is open in a thread that has a table of descriptors of its
/// own (unshare(2), CLONE_FILES) and sleeps: it goes as soon as it has a processor for an instant, and the pipe with it, unless it happens to be the last one. Then the pipe ends with
/// everything else. No other thread, and no process that one of them starts, has it.
/// </remarks>
public sealed unsafe class ExitPipe : IDisposable
{
    private const int StackLength = 128 << 10;
    private const int SetMask = 2; // SIG_SETMASK

    private ExitPipe(FileDescriptor reader) => Reader = reader;

    /// <summary>At its end when this process is about to be. There is never anything to be read.</summary>
    public FileDescriptor Reader { get; }

    /// <summary>Makes one. To be called before what this process may do is restricted.</summary>
    /// <returns>Null where the kernel has no such tables.</returns>
    /// <exception cref="LinuxException">There is no pipe to be had.</exception>
    public static ExitPipe? TryOpen()
    {
        (FileDescriptor reader, FileDescriptor writer) = FileDescriptor.CreatePipe();
        bool isHeld = false;
        using (writer)
        {
            using var isReady = new ManualResetEventSlim();
            var holder = new Thread(() => Hold(writer.Number, out isHeld, isReady), StackLength) { IsBackground = true, Name = "exit pipe" };
            holder.Start();
            isReady.Wait();
        }

        if (isHeld)
            return new ExitPipe(reader);
        reader.Dispose();
        return null;
    }

    public void Dispose() => Reader.Dispose();

    private static void Hold(int writer, out bool isHeld, ManualResetEventSlim isReady)
    {
        // The runtime's handlers write to a pipe of the runtime's, which this thread does not have, and end the process when they cannot: other threads take signals.
        // SAFETY: the kernel reads eight bytes during the call.
        ulong all = ulong.MaxValue;
        bool mayGoOn = Libc.syscall(SystemCallNumber.rt_sigprocmask, SetMask, (nint)(&all), 0, sizeof(ulong), 0) == 0
            && Libc.syscall(SystemCallNumber.unshare, Libc.CLONE_FILES, 0, 0, 0, 0) == 0
            && Libc.syscall(SystemCallNumber.close_range, 0, writer - 1, 0, 0, 0) == 0
            && Libc.syscall(SystemCallNumber.close_range, writer + 1, int.MaxValue, 0, 0, 0) == 0;
        isHeld = mayGoOn;
        isReady.Set();
        if (mayGoOn)
            Thread.Sleep(Timeout.Infinite);
    }
}
