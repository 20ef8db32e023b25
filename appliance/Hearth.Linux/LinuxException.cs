using System.ComponentModel;
using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A system call that failed, with what was tried and the error number.</summary>
public sealed class LinuxException : Exception
{
    public LinuxException()
    {
    }

    public LinuxException(string message)
        : base(message)
    {
    }

    public LinuxException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="operation">What was tried, in words: <c>cannot map 512 MiB of guest memory</c>.</param>
    /// <param name="errno">The error number.</param>
    public LinuxException(string operation, int errno)
        : base($"{operation}: {new Win32Exception(errno).Message}")
    {
        ErrorNumber = errno;
    }

    /// <summary>The exception for the call that just failed.</summary>
    internal static LinuxException Last(string operation) => new(operation, Marshal.GetLastPInvokeError());

    /// <summary>errno, or 0 when no system call was involved.</summary>
    public int ErrorNumber { get; }

    /// <summary>This user has not the right to do it.</summary>
    public bool IsDenied => ErrorNumber is Libc.EPERM or Libc.EACCES;

    /// <summary>There is no such file.</summary>
    public bool IsMissing => ErrorNumber is Libc.ENOENT;

    /// <summary>Nobody reads any more what was to be written.</summary>
    public bool IsUnheard => ErrorNumber is Libc.EPIPE;
}
