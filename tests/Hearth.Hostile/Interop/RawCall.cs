using System.Runtime.InteropServices;

namespace Hearth.Hostile.Interop;

/// <summary>System calls as the kernel has them (syscall(2)), past all that a C library would do instead.</summary>
internal static unsafe partial class RawCall
{
    /// <summary>Makes one.</summary>
    /// <returns>The result, or the error number below zero.</returns>
    public static long Make(int number, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0, nint f = 0)
    {
        long result = syscall(number, a, b, c, d, e, f);
        return result >= 0 ? result : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Makes one with a path, or another string, as an argument.</summary>
    public static long MakeWith(string text, Func<nint, long> call)
    {
        nint address = Marshal.StringToCoTaskMemUTF8(text);
        long result = call(address);
        Marshal.FreeCoTaskMem(address);
        return result;
    }

    /// <summary>Makes one with a structure as an argument.</summary>
    public static long MakeWith(ReadOnlySpan<byte> structure, Func<nint, long> call)
    {
        // SAFETY: the kernel may write to what it takes for one of its own structures: there is room for the largest.
        const int Room = 4096;
        var memory = (byte*)NativeMemory.AllocZeroed(Room);
        structure.CopyTo(new Span<byte>(memory, Room));
        long result = call((nint)memory);
        NativeMemory.Free(memory);
        return result;
    }

    /// <summary>Makes one that starts a process, which ends at once.</summary>
    public static long MakeProcess(int number, nint a = 0, nint b = 0)
    {
        const int ExitGroup = 231;
        long result = Make(number, a, b);
        if (result == 0)
            _ = Make(ExitGroup, 99);
        return result;
    }

    /// <summary>getpid by the gate of 32-bit programs, INT 80h: it has another architecture (seccomp(2)).</summary>
    public static long MakeOldInterface()
    {
        const int ReadWriteExecute = 7;
        const int PrivateAnonymous = 0x22;
        ReadOnlySpan<byte> code =
        [
            0xB8, 0x14, 0x00, 0x00, 0x00, // mov eax, 20
            0xCD, 0x80, //                   int 80h
            0xC3, //                         ret
        ];
        nint page = mmap(0, 4096, ReadWriteExecute, PrivateAnonymous, -1, 0);

        // SAFETY: the page is new, and executable; the code leaves all registers alone but RAX.
        code.CopyTo(new Span<byte>((void*)page, code.Length));
        return ((delegate* unmanaged<int>)page)();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, long offset);
}
