using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A mapping of memory in this process; unmapped on dispose.</summary>
public sealed unsafe class MappedMemory : IDisposable
{
    private byte* _address;

    private MappedMemory(byte* address, nuint length)
    {
        _address = address;
        Length = length;
    }

    /// <summary>The first byte; page-aligned.</summary>
    public byte* Address => _address;

    /// <summary>Bytes.</summary>
    public nuint Length { get; }

    /// <summary>Private zeroed memory that takes room only where it is touched.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static MappedMemory Anonymous(nuint length, bool executable = false) =>
        Map(length, executable, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE, -1);

    /// <summary>A shared mapping of a file, from its start.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static MappedMemory Shared(FileDescriptor file, nuint length)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Map(length, executable: false, Libc.MAP_SHARED | Libc.MAP_NORESERVE, file.Number);
    }

    public void Dispose()
    {
        if (_address is null)
            return;
        _ = Libc.munmap((nint)_address, Length);
        _address = null;
    }

    private static MappedMemory Map(nuint length, bool executable, int flags, int fd)
    {
        int protection = Libc.PROT_READ | Libc.PROT_WRITE | (executable ? Libc.PROT_EXEC : 0);
        nint address = Libc.mmap(0, length, protection, flags, fd, 0);
        if (address == -1)
            throw new LinuxException($"cannot map {length} bytes of memory", Marshal.GetLastPInvokeError());
        return new MappedMemory((byte*)address, length);
    }
}
