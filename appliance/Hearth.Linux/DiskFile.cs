using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A file or block device as a disk: whole transfers at an offset, results instead of exceptions. From any thread.</summary>
public sealed unsafe class DiskFile : IDisposable
{
    private readonly FileDescriptor _file;

    // A tmpfs cannot say whether a read would wait, and does not wait but for what was swapped out.
    private readonly int _cachedFlags;

    /// <param name="file">Open for reading and, unless the disk is read-only, writing; owned from now on.</param>
    public DiskFile(FileDescriptor file)
    {
        ArgumentNullException.ThrowIfNull(file);
        _file = file;

        // SAFETY: the kernel fills the structure, whose length is its own.
        Libc.FileSystemState state;
        bool isInMemory = Libc.fstatfs(file.Number, &state) == 0 && state.f_type == Libc.TMPFS_MAGIC;
        _cachedFlags = isInMemory ? 0 : Libc.RWF_NOWAIT;
    }

    /// <summary>The length in bytes, of a block device too.</summary>
    /// <exception cref="LinuxException">It is neither a file nor a block device.</exception>
    public long MeasureLength()
    {
        long length = Libc.lseek(_file.Number, 0, Libc.SEEK_END);
        return length >= 0 ? length : throw new LinuxException("cannot tell the length of a disk", Marshal.GetLastPInvokeError());
    }

    /// <summary>What a file takes of its file system, in bytes: without its holes, and with what was reserved beyond its end. Null for a block device.</summary>
    /// <exception cref="LinuxException">The host does not say.</exception>
    public long? MeasureUsage()
    {
        const int BlockLength = 512; // of st_blocks, whatever the file system's blocks are: stat(3type)
        Libc.FileStatus status;
        if (Libc.fstat(_file.Number, &status) != 0)
            throw LinuxException.Last("cannot tell what a disk takes");
        return (status.st_mode & Libc.S_IFMT) == Libc.S_IFREG ? status.st_blocks * BlockLength : null;
    }

    /// <summary>
    /// Takes an advisory lock of the open file description: one writer, or any number of readers. It ends with the last copy
    /// of the descriptor, whatever process has it. flock is no choice: the runtime takes one on every file it opens.
    /// </summary>
    /// <returns>False when somebody else holds one that is in the way.</returns>
    /// <exception cref="LinuxException">The file system knows no locks.</exception>
    public bool TryLock(bool exclusive)
    {
        // Whoever had it may be just ending; and a child of his has his descriptors until it becomes its own program.
        const int Tries = 20;
        for (int i = 1; !TryLockOnce(exclusive); i++)
        {
            if (i == Tries)
                return false;
            Thread.Sleep(10);
        }

        return true;
    }

    private bool TryLockOnce(bool exclusive)
    {
        // SAFETY: the kernel only reads the structure.
        var whole = new Libc.FileLock { l_type = exclusive ? Libc.F_WRLCK : Libc.F_RDLCK };
        if (Libc.fcntl(_file.Number, Libc.F_OFD_SETLK, &whole) == 0)
            return true;
        int errno = Marshal.GetLastPInvokeError();
        return errno is Libc.EAGAIN or Libc.EACCES ? false : throw new LinuxException("cannot lock a disk", errno);
    }

    /// <summary>Fills all of <paramref name="to"/>, waiting for the disk.</summary>
    public DiskResult Read(ReadOnlySpan<Memory<byte>> to, long offset) => Transfer(&Libc.preadv, to, offset);

    /// <summary>Lets the host begin to read a range into its page cache (posix_fadvise(2), POSIX_FADV_WILLNEED). A hint: it never fails.</summary>
    public void Prefetch(long offset, long length) => _ = Libc.posix_fadvise(_file.Number, offset, length, Libc.POSIX_FADV_WILLNEED);

    /// <summary>Fills all of <paramref name="to"/> if the page cache has it, or the file lies in a tmpfs; never waits for the disk.</summary>
    /// <returns>False when it has not, and when there are more pieces than one call takes.</returns>
    public bool TryReadCached(ReadOnlySpan<Memory<byte>> to, long offset)
    {
        // SAFETY: as in Transfer.
        using var vectors = new PinnedVectors(to);
        return vectors.Taken == to.Length && Libc.preadv2(_file.Number, vectors.First, vectors.Count, offset, _cachedFlags) == vectors.Length;
    }

    /// <summary>Writes all of <paramref name="from"/>.</summary>
    public DiskResult Write(ReadOnlySpan<Memory<byte>> from, long offset) => Transfer(&Libc.pwritev, from, offset);

    /// <summary>Brings everything written to stable storage.</summary>
    public DiskResult SyncData() => Libc.fdatasync(_file.Number) == 0 ? DiskResult.Ok : LastResult();

    /// <summary>Gives a range back to the file system; it reads as zeroes.</summary>
    public DiskResult PunchHole(long offset, long length) =>
        Allocate(Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, length);

    /// <summary>Makes a range read as zeroes without giving it back.</summary>
    public DiskResult ZeroRange(long offset, long length) =>
        Allocate(Libc.FALLOC_FL_ZERO_RANGE | Libc.FALLOC_FL_KEEP_SIZE, offset, length);

    /// <summary>Cuts the file, or makes it longer by a hole.</summary>
    public DiskResult SetLength(long length) => Libc.ftruncate(_file.Number, length) == 0 ? DiskResult.Ok : LastResult();

    public void Dispose() => _file.Dispose();

    private DiskResult Transfer(delegate*<int, Libc.IoVector*, int, long, nint> call, ReadOnlySpan<Memory<byte>> buffers, long offset)
    {
        while (!buffers.IsEmpty)
        {
            // SAFETY: the pieces are pinned for the calls, and the kernel touches no more than their lengths.
            using var vectors = new PinnedVectors(buffers);
            while (vectors.Count > 0)
            {
                nint moved = call(_file.Number, vectors.First, vectors.Count, offset);
                if (moved > 0)
                {
                    vectors.Advance(moved);
                    offset += moved;
                }
                else if (moved == 0)
                {
                    return DiskResult.IoError;
                }
                else if (Marshal.GetLastPInvokeError() != Libc.EINTR)
                {
                    return LastResult();
                }
            }

            buffers = buffers[vectors.Taken..];
        }

        return DiskResult.Ok;
    }

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
