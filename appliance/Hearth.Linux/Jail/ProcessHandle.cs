using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>A process, whoever started it, that is never taken for another one with the same number (pidfd_open(2)).</summary>
public sealed unsafe class ProcessHandle : IDisposable
{
    private readonly FileDescriptor _descriptor;

    private ProcessHandle(ProcessIdentity identity, FileDescriptor descriptor)
    {
        Identity = identity;
        _descriptor = descriptor;
    }

    public ProcessIdentity Identity { get; }

    public int Id => Identity.Id;

    /// <summary>Readable from the end of the process on: for a <see cref="Poller"/>.</summary>
    public FileDescriptor Descriptor => _descriptor;

    /// <param name="id">A child of this process that nobody has waited for, or one that is known to run.</param>
    /// <exception cref="LinuxException">There is no such process.</exception>
    public static ProcessHandle Open(int id)
    {
        FileDescriptor descriptor = OpenDescriptor(id) ?? throw LinuxException.Last($"process {id}");
        if (ProcessIdentity.TryFind(id, out ProcessIdentity identity))
            return new ProcessHandle(identity, descriptor);
        descriptor.Dispose();
        throw new LinuxException($"process {id}", Libc.ESRCH);
    }

    /// <summary>Finds a process again, from an identity that was kept.</summary>
    /// <returns>Null when it has ended; also when its number is another's now.</returns>
    public static ProcessHandle? TryOpen(ProcessIdentity identity)
    {
        // First the descriptor, then the look: what had the number in between has another time.
        FileDescriptor? descriptor = OpenDescriptor(identity.Id);
        if (descriptor is null)
            return null;
        if (ProcessIdentity.TryFind(identity.Id, out ProcessIdentity found) && found == identity)
            return new ProcessHandle(identity, descriptor);
        descriptor.Dispose();
        return null;
    }

    /// <summary>Sends a signal (pidfd_send_signal(2)).</summary>
    /// <returns>False when it has ended.</returns>
    /// <exception cref="LinuxException">It belongs to somebody else.</exception>
    public bool TrySignal(int signal)
    {
        if (Libc.syscall(SystemCallNumber.pidfd_send_signal, _descriptor.Number, signal, 0, 0, 0) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == Libc.ESRCH ? false : throw LinuxException.Last($"cannot send a signal to process {Id}");
    }

    /// <summary>Waits until it has ended, or the time is over.</summary>
    /// <param name="limit"><see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    /// <returns>True when it has ended.</returns>
    public bool WaitEnded(TimeSpan limit) => Descriptors.WaitReadable(_descriptor, limit);

    /// <summary>Takes the ending of a child that has ended; its number is free from then on (waitid(2)).</summary>
    /// <returns>Null when it has not ended, was taken before, or is no child of this process.</returns>
    public ProcessEnding? TryReap()
    {
        // SAFETY: the kernel fills no more than a siginfo_t.
        int* information = stackalloc int[Libc.SignalInfoLength / sizeof(int)];
        const int Code = 2;
        const int Status = 6;
        information[Code] = 0;
        if (Libc.waitid(Libc.P_PIDFD, (uint)_descriptor.Number, information, Libc.WEXITED | Libc.WNOHANG) != 0)
            return null;

        // A child that asked to be traced tells of its stops, too, whatever was asked for.
        return information[Code] switch
        {
            Libc.CLD_EXITED => new ProcessEnding(information[Status], 0),
            Libc.CLD_KILLED or Libc.CLD_DUMPED => new ProcessEnding(0, information[Status]),
            _ => null,
        };
    }

    public void Dispose() => _descriptor.Dispose();

    private static FileDescriptor? OpenDescriptor(int id)
    {
        long number = Libc.syscall(SystemCallNumber.pidfd_open, id, 0, 0, 0, 0);
        return number >= 0 ? new FileDescriptor((int)number) : null;
    }
}
