using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A mapping of memory in this process; unmapped on dispose.</summary>
public sealed unsafe class MappedMemory : IDisposable
{
    private const nuint HugePage = 2 << 20;

    private readonly nuint _mapped;
    private byte* _address;

    private MappedMemory(byte* address, nuint mapped, nuint length)
    {
        _address = address;
        _mapped = mapped;
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

    /// <summary>
    /// As <see cref="Anonymous"/>, on huge pages where the host has them (madvise(2), MADV_HUGEPAGE): for what is used all over, so that
    /// the processor's TLBs hold it. Takes room by pieces of 2 MiB.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static MappedMemory AnonymousHuge(nuint length, bool executable = false)
    {
        nuint rounded = (length + HugePage - 1) & ~(HugePage - 1);
        MappedMemory all = Anonymous(rounded + HugePage, executable);

        // Only aligned pieces can be huge: what lies before the first and after the last goes back.
        nuint before = (nuint)(-(nint)all._address) & (HugePage - 1);
        byte* start = all._address + before;
        if (before != 0)
            _ = Libc.munmap((nint)all._address, before);
        _ = Libc.munmap((nint)(start + rounded), HugePage - before);

        // A hint: without huge pages the memory is as good, only slower.
        _ = Libc.madvise((nint)start, rounded, Libc.MADV_HUGEPAGE);
        return new MappedMemory(start, rounded, length);
    }

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
        _ = Libc.munmap((nint)_address, _mapped);
        _address = null;
    }

    private static MappedMemory Map(nuint length, bool executable, int flags, int fd)
    {
        int protection = Libc.PROT_READ | Libc.PROT_WRITE | (executable ? Libc.PROT_EXEC : 0);
        nint address = Libc.mmap(0, length, protection, flags, fd, 0);
        if (address == -1)
            throw new LinuxException($"cannot map {length} bytes of memory", Marshal.GetLastPInvokeError());
        return new MappedMemory((byte*)address, length, length);
    }
}
