using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>An open file descriptor; closed on dispose.</summary>
public sealed class FileDescriptor : IDisposable
{
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

    public void Dispose()
    {
        int number = Interlocked.Exchange(ref _number, -1);
        if (number >= 0)
            _ = Libc.close(number);
    }
}
