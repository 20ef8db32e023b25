using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <content>Page faults that a program serves (userfaultfd(2), ioctl_userfaultfd(2), linux/userfaultfd.h).</content>
internal static unsafe partial class Libc
{
    internal const int SYS_userfaultfd = 323;
    internal const nuint USERFAULTFD_IOC_NEW = 0xAA00;
    internal const nuint UFFDIO_API = 0xC018AA3F;
    internal const nuint UFFDIO_REGISTER = 0xC020AA00;
    internal const nuint UFFDIO_UNREGISTER = 0x8010AA01;
    internal const nuint UFFDIO_WAKE = 0x8010AA02;
    internal const nuint UFFDIO_COPY = 0xC028AA03;
    internal const nuint UFFDIO_ZEROPAGE = 0xC020AA04;
    internal const ulong UFFD_API = 0xAA;
    internal const ulong UFFD_FEATURE_MISSING_SHMEM = 1 << 5;
    internal const ulong UFFDIO_REGISTER_MODE_MISSING = 1;
    internal const byte UFFD_EVENT_PAGEFAULT = 0x12;
    internal const int EEXIST = 17;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint syscall(nint number, nint first);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_word(int fd, nuint request, nuint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_words(int fd, nuint request, ulong* argument);

    /// <summary>struct uffd_msg, of a page fault.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 32)]
    internal struct FaultMessage
    {
        [FieldOffset(0)] public byte Event;
        [FieldOffset(8)] public ulong Flags;
        [FieldOffset(16)] public ulong Address;
    }
}
