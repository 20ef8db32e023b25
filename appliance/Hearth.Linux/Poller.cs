using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>Waits for many descriptors at once (epoll(7)). Descriptors may be added, changed and removed by any thread, also while another waits.</summary>
public sealed unsafe class Poller : IDisposable
{
    private readonly FileDescriptor _epoll;

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public Poller()
    {
        int number = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        _epoll = number >= 0 ? new FileDescriptor(number) : throw LinuxException.Last("cannot wait for descriptors");
    }

    /// <param name="tag">Comes with its events.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Add(int descriptor, PollEvents events, ulong tag) => Control(Libc.EPOLL_CTL_ADD, descriptor, events, tag);

    /// <exception cref="LinuxException">The kernel refused: it was never added.</exception>
    public void Change(int descriptor, PollEvents events, ulong tag) => Control(Libc.EPOLL_CTL_MOD, descriptor, events, tag);

    /// <summary>Before the descriptor is closed: events that were taken before may still be told.</summary>
    /// <exception cref="LinuxException">The kernel refused: it was never added.</exception>
    public void Remove(int descriptor) => Control(Libc.EPOLL_CTL_DEL, descriptor, PollEvents.None, 0);

    /// <summary>Waits until a descriptor is ready.</summary>
    /// <param name="results">Filled from its start.</param>
    /// <param name="milliseconds">How long at most; -1 for no limit.</param>
    /// <returns>How many there are; 0 when the time is over or a signal came.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public int Wait(Span<PollResult> results, int milliseconds)
    {
        // SAFETY: the kernel writes at most as many structures as there are.
        fixed (PollResult* first = results)
        {
            int count = Libc.epoll_wait(_epoll.Number, first, results.Length, milliseconds);
            if (count < 0 && Marshal.GetLastPInvokeError() != Libc.EINTR)
                throw LinuxException.Last("cannot wait for descriptors");
            return Math.Max(count, 0);
        }
    }

    public void Dispose() => _epoll.Dispose();

    private void Control(int operation, int descriptor, PollEvents events, ulong tag)
    {
        var wanted = new PollResult(events, tag);
        if (Libc.epoll_ctl(_epoll.Number, operation, descriptor, &wanted) != 0)
            throw LinuxException.Last("cannot wait for a descriptor");
    }
}
