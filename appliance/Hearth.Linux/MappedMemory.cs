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

    /// <summary>As <see cref="Shared"/>, to be read only.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static MappedMemory SharedReadOnly(FileDescriptor file, nuint length)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Map(length, Libc.PROT_READ, Libc.MAP_SHARED, file.Number);
    }

    /// <summary>Bytes of the mapping, valid until it is disposed of. Another process may change them at any time.</summary>
    public Span<byte> Bytes(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)offset, (ulong)Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)length, (ulong)Length - (ulong)offset);

        // SAFETY: the range lies in the mapping.
        return new Span<byte>(_address + offset, length);
    }

    /// <summary>Makes pages of a shared mapping zeros, and gives their memory back where the file can.</summary>
    /// <param name="offset">A multiple of 4096, as is the length.</param>
    public void Discard(nuint offset, nuint length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        if (Libc.madvise((nint)(_address + offset), length, Libc.MADV_REMOVE) != 0)
            NativeMemory.Clear(_address + offset, length);
    }

    /// <summary>Makes pages of private memory zeros, and gives their room back.</summary>
    /// <param name="offset">A multiple of 4096, as is the length.</param>
    public void Forget(nuint offset, nuint length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        if (Libc.madvise((nint)(_address + offset), length, Libc.MADV_DONTNEED) != 0)
            NativeMemory.Clear(_address + offset, length);
    }

    public void Dispose()
    {
        if (_address is null)
            return;
        _ = Libc.munmap((nint)_address, _mapped);
        _address = null;
    }

    private static MappedMemory Map(nuint length, bool executable, int flags, int fd) =>
        Map(length, Libc.PROT_READ | Libc.PROT_WRITE | (executable ? Libc.PROT_EXEC : 0), flags, fd);

    private static MappedMemory Map(nuint length, int protection, int flags, int fd)
    {
        nint address = Libc.mmap(0, length, protection, flags, fd, 0);
        if (address == -1)
            throw new LinuxException($"cannot map {length} bytes of memory", Marshal.GetLastPInvokeError());
        return new MappedMemory((byte*)address, length, length);
    }
}
