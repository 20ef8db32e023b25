using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <summary>System calls for disks.</summary>
internal static unsafe partial class Libc
{
    internal const int SEEK_END = 2;
    internal const int F_OFD_SETLK = 37;
    internal const short F_RDLCK = 0;
    internal const short F_WRLCK = 1;
    internal const int RWF_NOWAIT = 8;
    internal const long TMPFS_MAGIC = 0x0102_1994;
    internal const int FALLOC_FL_KEEP_SIZE = 1;
    internal const int FALLOC_FL_PUNCH_HOLE = 2;
    internal const int FALLOC_FL_ZERO_RANGE = 16;
    internal const int POSIX_FADV_WILLNEED = 3;
    internal const int EPERM = 1;
    internal const int EINTR = 4;
    internal const int EIO = 5;
    internal const int EAGAIN = 11;
    internal const int EACCES = 13;
    internal const int EINVAL = 22;
    internal const int ENOSPC = 28;
    internal const int EPIPE = 32;
    internal const int EOPNOTSUPP = 95;
    internal const int EDQUOT = 122;

    /// <summary>struct iovec.</summary>
    internal struct IoVector
    {
        internal byte* iov_base;
        internal nuint iov_len;
    }

    /// <summary>struct flock: a whole file from its start when both offsets are zero.</summary>
    internal struct FileLock
    {
        internal short l_type;
        internal short l_whence;
        internal long l_start;
        internal long l_len;
        internal int l_pid;
    }

    /// <summary>struct statfs, of which nothing but the kind of file system is of interest.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 120)]
    internal struct FileSystemState
    {
        internal long f_type;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fstatfs(int fd, FileSystemState* state);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int fd, int command, FileLock* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint preadv(int fd, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint preadv2(int fd, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pwritev(int fd, IoVector* vectors, int count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fdatasync(int fd);

    /// <summary>Returns the error number itself.</summary>
    [LibraryImport("libc")]
    internal static partial int posix_fadvise(int fd, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fallocate(int fd, int mode, long offset, long length);
}
