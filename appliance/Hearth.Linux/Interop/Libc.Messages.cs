using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <content>Messages with descriptors between processes (sendmsg(2), cmsg(3), unix(7)).</content>
internal static unsafe partial class Libc
{
    internal const int SOL_SOCKET = 1;
    internal const int SO_SNDTIMEO = 21;
    internal const int SCM_RIGHTS = 1;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;
    internal const int ECONNRESET = 104;
    internal const int SHUT_RD = 0;
    internal const int SHUT_RDWR = 2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int shutdown(int socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int accept4(int socket, void* address, void* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int socket, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(int socket, MessageHeader* message, int flags);

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public void* msg_name;
        public uint msg_namelen;
        public IoVector* msg_iov;
        public nuint msg_iovlen;
        public void* msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }

    /// <summary>struct cmsghdr; its data follow.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ControlHeader
    {
        public nuint cmsg_len;
        public int cmsg_level;
        public int cmsg_type;
    }
}
