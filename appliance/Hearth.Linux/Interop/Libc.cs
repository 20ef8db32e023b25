using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <summary>The C library's system-call wrappers, by their native names; the typed classes of this project wrap them.</summary>
internal static partial class Libc
{
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int PROT_EXEC = 4;
    internal const int MAP_SHARED = 0x01;
    internal const int MAP_PRIVATE = 0x02;
    internal const int MAP_ANONYMOUS = 0x20;
    internal const int MAP_NORESERVE = 0x4000;
    internal const int MADV_DONTNEED = 4;
    internal const int MADV_REMOVE = 9;
    internal const int MADV_HUGEPAGE = 14;
    internal const uint MFD_CLOEXEC = 1;
    internal const uint MFD_ALLOW_SEALING = 2;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(nint address, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    internal const int SA_SIGINFO = 4;
    internal const int SA_ONSTACK = 0x08000000;

    [LibraryImport("libc", SetLastError = true)]
    internal static unsafe partial int sigaction(int signal, sigaction_t* action, sigaction_t* previous);

    /// <summary>glibc's struct sigaction on x86-64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct sigaction_t
    {
        public nint Handler;
        public fixed ulong Mask[16];
        public int Flags;
        public nint Restorer;
    }
}
