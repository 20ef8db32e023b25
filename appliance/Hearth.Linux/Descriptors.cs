using System.Diagnostics;
using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>Waiting for descriptors (poll(2)).</summary>
public static unsafe class Descriptors
{
    /// <summary>Waits until there is something to read from <paramref name="first"/>, or <paramref name="second"/> is signalled.</summary>
    /// <returns>Whether the first is ready (or at its end), and whether the second is.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static (bool First, bool Second) WaitReadable(FileDescriptor first, EventDescriptor second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return WaitEither(first.Number, second.Number);
    }

    /// <summary>Waits until one of two events is signalled.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void WaitSignalled(EventDescriptor first, EventDescriptor second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        _ = WaitEither(first.Number, second.Number);
    }

    /// <summary>Waits until there is something to read, or the end, or the time is over.</summary>
    /// <param name="limit"><see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    /// <returns>False when the time is over.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static bool WaitReadable(FileDescriptor descriptor, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        var waiting = new Libc.PollDescriptor { fd = descriptor.Number, events = Libc.POLLIN };
        long begun = Stopwatch.GetTimestamp();
        while (true)
        {
            int left = limit == Timeout.InfiniteTimeSpan
                ? Timeout.Infinite
                : (int)Math.Clamp(Math.Ceiling((limit - Stopwatch.GetElapsedTime(begun)).TotalMilliseconds), 0, int.MaxValue);
            int ready = Libc.poll(&waiting, 1, left);
            if (ready >= 0)
                return ready > 0;

            // A signal, as that of a child that has ended, interrupts any thread: the time is not over for that.
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.EINTR)
                throw new LinuxException("cannot wait for a descriptor", errno);
        }
    }

    /// <summary>Waits until one of two has something to read, or is at its end, or cannot be waited for.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void WaitReadable(FileDescriptor first, FileDescriptor second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        _ = WaitEither(first.Number, second.Number);
    }

    internal static void WaitWritable(FileDescriptor descriptor)
    {
        var waiting = new Libc.PollDescriptor { fd = descriptor.Number, events = Libc.POLLOUT };
        Wait(&waiting, 1);
    }

    /// <returns>Which of two are ready, at their end, or cannot be waited for.</returns>
    private static (bool First, bool Second) WaitEither(int first, int second)
    {
        Libc.PollDescriptor* waiting = stackalloc Libc.PollDescriptor[2];
        waiting[0] = new Libc.PollDescriptor { fd = first, events = Libc.POLLIN };
        waiting[1] = new Libc.PollDescriptor { fd = second, events = Libc.POLLIN };
        Wait(waiting, 2);
        return (waiting[0].revents != 0, waiting[1].revents != 0);
    }

    private static void Wait(Libc.PollDescriptor* waiting, nuint count)
    {
        while (Libc.poll(waiting, count, -1) < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.EINTR)
                throw new LinuxException("cannot wait for a descriptor", errno);
        }
    }
}
