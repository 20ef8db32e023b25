using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A file or block device as a disk: whole transfers at an offset, results instead of exceptions. From any thread.</summary>
public sealed unsafe class DiskFile : IDisposable
{
    private readonly FileDescriptor _file;

    /// <param name="file">Open for reading and, unless the disk is read-only, writing; owned from now on.</param>
    public DiskFile(FileDescriptor file)
    {
        ArgumentNullException.ThrowIfNull(file);
        _file = file;
    }

    /// <summary>The length in bytes, of a block device too.</summary>
    /// <exception cref="LinuxException">It is neither a file nor a block device.</exception>
    public long MeasureLength()
    {
        long length = Libc.lseek(_file.Number, 0, Libc.SEEK_END);
        return length >= 0 ? length : throw new LinuxException("cannot tell the length of a disk", Marshal.GetLastPInvokeError());
    }

    /// <summary>
    /// Takes an advisory lock of the open file description: one writer, or any number of readers. It ends with the last copy
    /// of the descriptor, whatever process has it. flock is no choice: the runtime takes one on every file it opens.
    /// </summary>
    /// <returns>False when somebody else holds one that is in the way.</returns>
    /// <exception cref="LinuxException">The file system knows no locks.</exception>
    public bool TryLock(bool exclusive)
    {
        // SAFETY: the kernel only reads the structure.
        var whole = new Libc.FileLock { l_type = exclusive ? Libc.F_WRLCK : Libc.F_RDLCK };
        if (Libc.fcntl(_file.Number, Libc.F_OFD_SETLK, &whole) == 0)
            return true;
        int errno = Marshal.GetLastPInvokeError();
        return errno is Libc.EAGAIN or Libc.EACCES ? false : throw new LinuxException("cannot lock a disk", errno);
    }

    /// <summary>Reads all of <paramref name="to"/>, waiting for the disk.</summary>
    public DiskResult Read(Span<byte> to, long offset)
    {
        // SAFETY: the span is pinned for the call, and the kernel writes at most its length.
        fixed (byte* start = to)
        {
            for (int done = 0; done < to.Length;)
            {
                nint count = Libc.pread(_file.Number, start + done, (nuint)(to.Length - done), offset + done);
                if (count > 0)
                    done += (int)count;
                else if (count == 0 || Marshal.GetLastPInvokeError() != Libc.EINTR)
                    return DiskResult.IoError;
            }
        }

        return DiskResult.Ok;
    }

    /// <summary>Reads all of <paramref name="to"/> if the page cache has it; never waits for the disk.</summary>
    public bool TryReadCached(Span<byte> to, long offset)
    {
        // SAFETY: as in Read.
        fixed (byte* start = to)
        {
            var vector = new Libc.IoVector { iov_base = start, iov_len = (nuint)to.Length };
            return Libc.preadv2(_file.Number, &vector, 1, offset, Libc.RWF_NOWAIT) == to.Length;
        }
    }

    /// <summary>Writes all of <paramref name="from"/>.</summary>
    public DiskResult Write(ReadOnlySpan<byte> from, long offset)
    {
        // SAFETY: the span is pinned for the call, and the kernel reads at most its length.
        fixed (byte* start = from)
        {
            for (int done = 0; done < from.Length;)
            {
                nint count = Libc.pwrite(_file.Number, start + done, (nuint)(from.Length - done), offset + done);
                if (count > 0)
                    done += (int)count;
                else if (count == 0 || Marshal.GetLastPInvokeError() != Libc.EINTR)
                    return LastResult();
            }
        }

        return DiskResult.Ok;
    }

    /// <summary>Brings everything written to stable storage.</summary>
    public DiskResult SyncData() => Libc.fdatasync(_file.Number) == 0 ? DiskResult.Ok : LastResult();

    /// <summary>Gives a range back to the file system; it reads as zeroes.</summary>
    public DiskResult PunchHole(long offset, long length) =>
        Allocate(Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, length);

    /// <summary>Makes a range read as zeroes without giving it back.</summary>
    public DiskResult ZeroRange(long offset, long length) =>
        Allocate(Libc.FALLOC_FL_ZERO_RANGE | Libc.FALLOC_FL_KEEP_SIZE, offset, length);

    public void Dispose() => _file.Dispose();

    private DiskResult Allocate(int mode, long offset, long length)
    {
        while (Libc.fallocate(_file.Number, mode, offset, length) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Libc.EINTR)
                return LastResult();
        }

        return DiskResult.Ok;
    }

    private static DiskResult LastResult() => Marshal.GetLastPInvokeError() switch
    {
        Libc.ENOSPC or Libc.EDQUOT => DiskResult.NoSpace,
        Libc.EOPNOTSUPP => DiskResult.NotSupported,
        _ => DiskResult.IoError,
    };
}
