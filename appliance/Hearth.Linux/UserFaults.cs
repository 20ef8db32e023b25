using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>
/// Pages of a process's memory that come when they are touched (userfaultfd(2)): the process says which memory that is, and another one, which was given the descriptor, serves
/// the pages. A garbage collector must not run where faults are served: a thread that waits for a page cannot be stopped for it.
/// </summary>
public sealed unsafe class UserFaults : IDisposable
{
    private const int PageSize = 4096;

    private UserFaults(FileDescriptor file) => File = file;

    public FileDescriptor File { get; }

    /// <summary>For this process's memory.</summary>
    /// <param name="device">/dev/userfaultfd; null to ask the kernel directly, which needs CAP_SYS_PTRACE.</param>
    /// <returns>null where this host does not have it, or does not allow it.</returns>
    public static UserFaults? TryCreate(FileDescriptor? device)
    {
        const int Flags = Libc.SOCK_CLOEXEC | Libc.O_NONBLOCK;
        int number = device is null ? (int)Libc.syscall(Libc.SYS_userfaultfd, Flags) : Libc.ioctl_word(device.Number, Libc.USERFAULTFD_IOC_NEW, Flags);
        if (number < 0)
            return null;
        var faults = new UserFaults(new FileDescriptor(number));
        ulong* api = stackalloc ulong[3] { Libc.UFFD_API, Libc.UFFD_FEATURE_MISSING_SHMEM, 0 };
        if (Libc.ioctl_words(number, Libc.UFFDIO_API, api) == 0)
            return faults;
        faults.Dispose();
        return null;
    }

    /// <summary>What another process gave.</summary>
    /// <param name="file">Owned from now on.</param>
    /// <returns>null where it is something else: reading from that might wait for ever.</returns>
    public static UserFaults? TryOpen(FileDescriptor file)
    {
        ArgumentNullException.ThrowIfNull(file);
        const string Kind = "anon_inode:[userfaultfd]";
        if (file.IsAnonymous(Kind) && Libc.fcntl(file.Number, Libc.F_SETFL, Libc.O_NONBLOCK) == 0)
            return new UserFaults(file);
        file.Dispose();
        return null;
    }

    /// <summary>From now on whoever touches a page that is not there waits for it.</summary>
    /// <param name="memory">A shared mapping of a memory file.</param>
    /// <param name="offset">Bytes into it, a multiple of 4096, as is the length.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Register(MappedMemory memory, nuint offset, nuint length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ulong* range = stackalloc ulong[4] { (ulong)memory.Address + offset, length, Libc.UFFDIO_REGISTER_MODE_MISSING, 0 };
        if (Libc.ioctl_words(File.Number, Libc.UFFDIO_REGISTER, range) != 0)
            throw LinuxException.Last("cannot have pages come when they are touched");
    }

    /// <summary>Pages that are not there are zeros from now on, as usual; whoever waits goes on.</summary>
    public void Unregister(MappedMemory memory, nuint offset, nuint length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ulong* range = stackalloc ulong[2] { (ulong)memory.Address + offset, length };
        _ = Libc.ioctl_words(File.Number, Libc.UFFDIO_UNREGISTER, range);
    }

    /// <summary>Which page somebody waits for.</summary>
    /// <param name="address">In the other process's memory.</param>
    /// <returns>False when nobody waits now.</returns>
    public bool TryTakeFault(out ulong address)
    {
        Libc.FaultMessage message;
        address = 0;
        while (Libc.read(File.Number, (byte*)&message, sizeof(Libc.FaultMessage)) == sizeof(Libc.FaultMessage))
        {
            if (message.Event != Libc.UFFD_EVENT_PAGEFAULT)
                continue;
            address = message.Address & ~(PageSize - 1UL);
            return true;
        }

        return false;
    }

    /// <summary>Gives pages to whoever waits for them. One that is there already stays as it is.</summary>
    /// <param name="address">Of the first, in the other process's memory.</param>
    /// <param name="pages">Whole pages.</param>
    /// <returns>False when the process is gone, or the memory is none of those that come like this.</returns>
    public bool TryCopy(ulong address, ReadOnlySpan<byte> pages)
    {
        // SAFETY: the kernel reads what is pinned; where it writes is the other process's business.
        ulong* copy = stackalloc ulong[5];
        fixed (byte* start = pages)
        {
            for (int done = 0; done < pages.Length;)
            {
                (copy[0], copy[1], copy[2], copy[3], copy[4]) = (address + (ulong)done, (ulong)(start + done), (ulong)(pages.Length - done), 0, 0);
                if (Libc.ioctl_words(File.Number, Libc.UFFDIO_COPY, copy) == 0)
                    return true;
                int errno = Marshal.GetLastPInvokeError();
                long copied = (long)copy[4];
                if (copied > 0)
                {
                    done += (int)copied;
                    continue;
                }

                if (errno == Libc.EEXIST)
                    Wake(address + (ulong)done);
                else if (errno != Libc.EAGAIN)
                    return false;
                done += errno == Libc.EEXIST ? PageSize : 0;
            }
        }

        return true;
    }

    /// <summary>Gives a page of zeros to whoever waits for it.</summary>
    /// <inheritdoc cref="TryCopy"/>
    public bool TryZero(ulong address)
    {
        ulong* range = stackalloc ulong[4];
        while (true)
        {
            (range[0], range[1], range[2], range[3]) = (address, PageSize, 0, 0);
            if (Libc.ioctl_words(File.Number, Libc.UFFDIO_ZEROPAGE, range) == 0)
                return true;
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Libc.EEXIST)
                return Wake(address);
            if (errno != Libc.EAGAIN)
                return false;
        }
    }

    public void Dispose() => File.Dispose();

    private bool Wake(ulong address)
    {
        ulong* range = stackalloc ulong[2] { address, PageSize };
        return Libc.ioctl_words(File.Number, Libc.UFFDIO_WAKE, range) == 0;
    }
}
