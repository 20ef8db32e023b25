using System.Runtime.InteropServices;
using System.Text;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>An open file descriptor; closed on dispose.</summary>
public sealed unsafe class FileDescriptor : IDisposable
{
    private const int Backlog = 64;
    private const uint OnlyOwner = 0x180; // 0600

    private int _number;

    public FileDescriptor(int number) => _number = number;

    /// <summary>The number; -1 once disposed.</summary>
    public int Number => _number;

    /// <summary>An anonymous file in memory, closed on exec.</summary>
    /// <param name="name">Shown in /proc/PID/maps.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static FileDescriptor CreateMemory(string name, long length)
    {
        var file = new FileDescriptor(Libc.memfd_create(name, Libc.MFD_CLOEXEC));
        if (file.Number >= 0 && Libc.ftruncate(file.Number, length) == 0)
            return file;
        int errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        throw new LinuxException($"cannot create a memory file of {length} bytes", errno);
    }

    /// <summary>As <see cref="CreateMemory"/>, to be shared with other processes: nobody can change its length, so that a mapping of it never faults.</summary>
    /// <inheritdoc cref="CreateMemory"/>
    public static FileDescriptor CreateSharedMemory(string name, long length)
    {
        var file = new FileDescriptor(Libc.memfd_create(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING));
        if (file.Number >= 0 && Libc.ftruncate(file.Number, length) == 0 && Libc.fcntl(file.Number, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW) == 0)
            return file;
        int errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        throw new LinuxException($"cannot create a shared memory file of {length} bytes", errno);
    }

    /// <summary>True for a memory file whose length nobody can change.</summary>
    public bool HasFixedLength
    {
        get
        {
            const int Both = Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW;
            int seals = Libc.fcntl(_number, Libc.F_GET_SEALS, 0);
            return seals >= 0 && (seals & Both) == Both;
        }
    }

    /// <summary>From now on nobody can map a memory file to write to it, or write to it otherwise; mappings that are there go on (fcntl(2), F_SEAL_FUTURE_WRITE).</summary>
    /// <exception cref="LinuxException">It is no memory file, or is sealed already.</exception>
    public void SealWrites()
    {
        if (Libc.fcntl(_number, Libc.F_ADD_SEALS, Libc.F_SEAL_FUTURE_WRITE | Libc.F_SEAL_SEAL) != 0)
            throw LinuxException.Last("cannot seal a memory file");
    }

    /// <summary>Opens a file, closed on exec.</summary>
    /// <exception cref="LinuxException">The kernel refused; the message starts with the path.</exception>
    public static FileDescriptor Open(string path, FileAccessMode mode)
    {
        int flags = mode switch
        {
            FileAccessMode.Read => Libc.O_RDONLY,
            FileAccessMode.ReadWrite => Libc.O_RDWR,
            FileAccessMode.Write => Libc.O_WRONLY,
            FileAccessMode.Place => Libc.O_PATH,
            FileAccessMode.CreateNew => Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL,
            FileAccessMode.Directory => Libc.O_RDONLY | Libc.O_DIRECTORY,
            _ => Libc.O_RDWR | Libc.O_TMPFILE,
        };
        int number = Libc.open(path, flags | Libc.O_CLOEXEC, 0x1B6 /* 0666 */);
        return number >= 0 ? new FileDescriptor(number) : throw LinuxException.Last(path);
    }

    /// <summary>A pipe, closed on exec (pipe(7)).</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static (FileDescriptor Reader, FileDescriptor Writer) CreatePipe()
    {
        // SAFETY: the kernel writes two numbers.
        int* pair = stackalloc int[2];
        return Libc.pipe2(pair, Libc.O_CLOEXEC) == 0 ? (new FileDescriptor(pair[0]), new FileDescriptor(pair[1])) : throw LinuxException.Last("cannot create a pipe");
    }

    /// <summary>Another descriptor of the same open file description, with its offset and its locks, which last as long as any; closed on exec.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public FileDescriptor Duplicate()
    {
        int number = Libc.fcntl(_number, Libc.F_DUPFD_CLOEXEC, 0);
        return number >= 0 ? new FileDescriptor(number) : throw LinuxException.Last("cannot duplicate a descriptor");
    }

    /// <summary>True when both are the same regular file or block device, whatever names led to it.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public bool IsSameFile(FileDescriptor other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Libc.FileStatus mine = Status();
        Libc.FileStatus others = other.Status();
        uint kind = mine.st_mode & Libc.S_IFMT;
        return kind == (others.st_mode & Libc.S_IFMT) && kind switch
        {
            Libc.S_IFREG => mine.st_dev == others.st_dev && mine.st_ino == others.st_ino,
            Libc.S_IFBLK => mine.st_rdev == others.st_rdev,
            _ => false,
        };
    }

    /// <summary>Empties a file. What has no length, such as a terminal, stays as it is.</summary>
    /// <exception cref="LinuxException">The host's file system refused.</exception>
    public void Empty()
    {
        if (Libc.ftruncate(_number, 0) != 0 && Marshal.GetLastPInvokeError() is not Libc.EINVAL)
            throw LinuxException.Last("cannot empty a file");
    }

    /// <summary>True for what has no path and is of this kind, as the kernel calls it (proc_pid_fd(5)).</summary>
    public bool IsAnonymous(string kind)
    {
        const string Folder = "/proc/self/fd/";

        // A name without a path is taken for one in the folder of the link.
        return File.ResolveLinkTarget($"{Folder}{_number}", returnFinalTarget: false)?.FullName == $"{Folder}{kind}";
    }

    /// <summary>How many names the file has.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public long CountNames() => (long)Status().st_nlink;

    /// <summary>Gives a file another name, on the same file system (link(2)).</summary>
    /// <exception cref="LinuxException">The name is taken, or the kernel refused.</exception>
    public static void Link(string path, string another)
    {
        if (Libc.linkat(Libc.AT_FDCWD, path, Libc.AT_FDCWD, another, 0) != 0)
            throw LinuxException.Last(another);
    }

    /// <summary>Makes a file or folder another user's (chown(2)).</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void GiveTo(string path, uint user, uint group)
    {
        if (Libc.chown(path, user, group) != 0)
            throw LinuxException.Last(path);
    }

    /// <summary>Takes a name away; one that is not there is none the less.</summary>
    /// <param name="name">In this directory.</param>
    public void Unlink(string name) => _ = Libc.unlinkat(_number, name, 0);

    /// <summary>True when it belongs to the user this process runs as, and nobody else may write to it.</summary>
    public bool IsOnlyMine()
    {
        const uint OthersWrite = 0x12; // 022
        Libc.FileStatus status;
        return Libc.fstat(_number, &status) == 0 && status.st_uid == Libc.geteuid() && (status.st_mode & OthersWrite) == 0;
    }

    /// <summary>Two connected stream sockets, closed on exec.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static (FileDescriptor Near, FileDescriptor Far) CreateSocketPair()
    {
        int* pair = stackalloc int[2];
        if (Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair) != 0)
            throw LinuxException.Last("cannot create a pair of sockets");
        return (new FileDescriptor(pair[0]), new FileDescriptor(pair[1]));
    }

    /// <summary>A stream socket, connected to the one that a server listens at under a name in the file system; closed on exec.</summary>
    /// <exception cref="LinuxException">Nobody listens there; the message starts with the path.</exception>
    public static FileDescriptor Connect(string path) => Connect(path, Libc.SOCK_STREAM);

    internal static FileDescriptor Connect(string path, int kind)
    {
        byte* address = stackalloc byte[Libc.UnixAddressLength];
        uint length = WriteUnixAddress(path, address);
        var socket = new FileDescriptor(Libc.socket(Libc.AF_UNIX, kind | Libc.SOCK_CLOEXEC, 0));
        if (socket.Number >= 0)
        {
            int result;

            // Only a listener whose queue is full makes this wait; a signal that ends the wait has asked for nothing yet.
            do
                result = Libc.connect(socket.Number, address, length);
            while (result != 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
            if (result == 0)
                return socket;
        }

        int errno = Marshal.GetLastPInvokeError();
        socket.Dispose();
        throw new LinuxException(path, errno);
    }

    /// <summary>A stream socket that listens under a name in the file system, for this user alone; closed on exec. A socket at which nobody listens any more makes way.</summary>
    /// <exception cref="LinuxException">The name is taken, or cannot be made; the message starts with the path.</exception>
    public static FileDescriptor Listen(string path) => Listen(path, Libc.SOCK_STREAM);

    /// <summary>As <see cref="Listen(string)"/>, for a <see cref="MessageSocket"/>.</summary>
    /// <inheritdoc cref="Listen(string)"/>
    public static FileDescriptor ListenForMessages(string path) => Listen(path, Libc.SOCK_SEQPACKET);

    private static FileDescriptor Listen(string path, int kind)
    {
        byte* address = stackalloc byte[Libc.UnixAddressLength];
        uint length = WriteUnixAddress(path, address);
        var socket = new FileDescriptor(Libc.socket(Libc.AF_UNIX, kind | Libc.SOCK_CLOEXEC, 0));
        bool isBound = socket.Number >= 0 && Libc.bind(socket.Number, address, length) == 0;
        int errno = Marshal.GetLastPInvokeError();
        if (!isBound && errno == Libc.EADDRINUSE && IsForsaken(address, length, kind) && Libc.unlink(path) == 0)
        {
            isBound = Libc.bind(socket.Number, address, length) == 0;
            errno = Marshal.GetLastPInvokeError();
        }

        // Nobody can connect before it listens, and nobody but the user then.
        if (isBound && Libc.chmod(path, OnlyOwner) == 0 && Libc.listen(socket.Number, Backlog) == 0)
            return socket;
        errno = isBound ? Marshal.GetLastPInvokeError() : errno;
        socket.Dispose();
        throw new LinuxException(path, errno);
    }

    /// <summary>Whoever waits at a socket, here or at the other side, is told that nothing more comes.</summary>
    public void ShutDown() => _ = Libc.shutdown(_number, Libc.SHUT_RDWR);

    /// <summary>Ends one direction of a socket: what reads from it here reads its end.</summary>
    public void ShutDownReading() => _ = Libc.shutdown(_number, Libc.SHUT_RD);

    /// <summary>Lets the descriptor live on in the program that this process executes next.</summary>
    /// <exception cref="LinuxException">It is not open.</exception>
    public void KeepOnExecute()
    {
        if (Libc.fcntl(_number, Libc.F_SETFD, 0) != 0)
            throw LinuxException.Last("cannot keep a descriptor");
    }

    /// <summary>Reads what is there, at most the buffer's length; waits for a first byte.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            do
                count = Libc.read(_number, start, buffer.Length);
            while (count < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
            return count >= 0 ? (int)count : throw LinuxException.Last("cannot read");
        }
    }

    /// <summary>Writes everything; waits when a descriptor that another program made non-blocking is not ready.</summary>
    /// <exception cref="LinuxException">The kernel refused: no space left, nobody reads.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            fixed (byte* start = data)
            {
                nint count = Libc.write(_number, start, data.Length);
                int errno = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (errno == Libc.EAGAIN)
                    Descriptors.WaitWritable(this);
                else if (errno is not (0 or Libc.EINTR))
                    throw new LinuxException("cannot write", errno);
                data = data[(int)Math.Max(count, 0)..];
            }
        }
    }

    /// <summary>What is read or written next is at the beginning of the file.</summary>
    public void Rewind() => _ = Libc.lseek(_number, 0, Libc.SEEK_SET);

    /// <summary>Finds the next piece of a sparse file that is no hole.</summary>
    /// <param name="from">Bytes into the file.</param>
    /// <param name="start">Where the piece begins, at <paramref name="from"/> or after it.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>False when only a hole is left.</returns>
    public bool TryFindData(long from, out long start, out long end)
    {
        start = Libc.lseek(_number, from, Libc.SEEK_DATA);
        end = start < 0 ? start : Libc.lseek(_number, start, Libc.SEEK_HOLE);
        return end >= 0;
    }

    /// <summary>Reads bytes at a place. In a memory file a hole reads as zeros and stays one, which it would not when it was read through a mapping.</summary>
    /// <param name="from">Bytes into the file, of which all of <paramref name="to"/> is there.</param>
    /// <exception cref="LinuxException">The kernel refused, or the file ends before.</exception>
    public void ReadAt(Span<byte> to, long from)
    {
        while (!to.IsEmpty)
        {
            // SAFETY: the kernel writes no more than the length that is pinned.
            fixed (byte* start = to)
            {
                nint count = Libc.pread(_number, start, to.Length, from);
                if (count == 0 || (count < 0 && Marshal.GetLastPInvokeError() != Libc.EINTR))
                    throw count == 0 ? new LinuxException("cannot read past the end of a file") : LinuxException.Last("cannot read");
                to = to[(int)Math.Max(count, 0)..];
                from += Math.Max(count, 0);
            }
        }
    }

    /// <summary>Writes bytes at a place.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void WriteAt(ReadOnlySpan<byte> from, long to)
    {
        while (!from.IsEmpty)
        {
            // SAFETY: the kernel reads no more than the length that is pinned.
            fixed (byte* start = from)
            {
                nint count = Libc.pwrite(_number, start, from.Length, to);
                if (count < 0 && Marshal.GetLastPInvokeError() != Libc.EINTR)
                    throw LinuxException.Last("cannot write");
                from = from[(int)Math.Max(count, 0)..];
                to += Math.Max(count, 0);
            }
        }
    }

    /// <summary>Gives a range back to whatever holds the file; it reads as zeros. The file's length stays.</summary>
    /// <param name="offset">Bytes into the file.</param>
    /// <param name="length">Bytes, more than none.</param>
    /// <returns>False when the file system cannot.</returns>
    public bool TryPunchHole(long offset, long length) =>
        Libc.fallocate(_number, Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, length) == 0;

    /// <summary>Brings the file, or a directory's entries, to stable storage.</summary>
    /// <exception cref="LinuxException">The host's disk failed.</exception>
    public void Synchronize()
    {
        if (Libc.fsync(_number) != 0)
            throw LinuxException.Last("cannot bring the file to stable storage");
    }

    /// <summary>Gives a file opened as <see cref="FileAccessMode.Nameless"/> its name.</summary>
    /// <exception cref="LinuxException">The name is taken, or the kernel refused.</exception>
    public void LinkInto(FileDescriptor directory, string name)
    {
        ArgumentNullException.ThrowIfNull(directory);
        if (Libc.linkat(Libc.AT_FDCWD, $"/proc/self/fd/{_number}", directory.Number, name, Libc.AT_SYMLINK_FOLLOW) != 0)
            throw LinuxException.Last(name);
    }

    private Libc.FileStatus Status()
    {
        // SAFETY: the kernel fills the structure, whose length is its own.
        Libc.FileStatus status;
        return Libc.fstat(_number, &status) == 0 ? status : throw LinuxException.Last("cannot look at a file");
    }

    /// <summary>struct sockaddr_un (unix(7)).</summary>
    /// <param name="address">As many bytes as it can have.</param>
    /// <returns>Its length.</returns>
    private static uint WriteUnixAddress(string path, byte* address)
    {
        ArgumentNullException.ThrowIfNull(path);
        const int ENAMETOOLONG = 36;
        var name = new Span<byte>(address + sizeof(ushort), Libc.UnixAddressLength - sizeof(ushort) - 1);
        *(ushort*)address = Libc.AF_UNIX;
        if (!Encoding.UTF8.TryGetBytes(path, name, out int length))
            throw new LinuxException(path, ENAMETOOLONG);

        // The name ends with a zero; what a stack allocation holds is not defined.
        address[sizeof(ushort) + length] = 0;
        return (uint)(sizeof(ushort) + length + 1);
    }

    /// <summary>True for a socket whose listener is gone: what is no socket, or has one, refuses otherwise.</summary>
    private static bool IsForsaken(byte* address, uint length, int kind)
    {
        using var probe = new FileDescriptor(Libc.socket(Libc.AF_UNIX, kind | Libc.SOCK_CLOEXEC, 0));
        return probe.Number >= 0 && Libc.connect(probe.Number, address, length) != 0 && Marshal.GetLastPInvokeError() == Libc.ECONNREFUSED && IsSocket(address);
    }

    private static bool IsSocket(byte* address)
    {
        Libc.FileStatus status;
        return Libc.stat(address + sizeof(ushort), &status) == 0 && (status.st_mode & Libc.S_IFMT) == Libc.S_IFSOCK;
    }

    public void Dispose()
    {
        int number = Interlocked.Exchange(ref _number, -1);
        if (number >= 0)
            _ = Libc.close(number);
    }
}
