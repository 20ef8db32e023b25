using System.Runtime.InteropServices;
using Hearth.Fuzz.Interop;
using Hearth.Fuzz.State;
using Hearth.Linux;

namespace Hearth.Fuzz.Oracle;

/// <summary>
/// The memory that tracer and child share, and the work that leaves the child with nothing but the test areas: no code of
/// ours, no descriptors, no stack, no vDSO.
/// </summary>
internal sealed unsafe class ChildSpace : IDisposable
{
    /// <summary>Where the kernel writes signal frames; unknown to test programs.</summary>
    private const ulong SignalStack = 0x7ABC_DEF0_0000;

    private const int SignalStackLength = 8 * MemoryLayout.PageSize;

    /// <summary>The end of user space with 4-level paging.</summary>
    private const ulong UserEnd = 0x7FFF_FFFF_F000;

    /// <summary>Where signals "arrive". Nothing is mapped there: the child is stopped before the first fetch.</summary>
    public const ulong SignalHandler = 0x1000;

    private readonly FileDescriptor _file = FileDescriptor.CreateMemory("hearth-oracle", MemoryLayout.ImageLength + SignalStackLength);
    private readonly MappedMemory _memory;

    public ChildSpace() => _memory = MappedMemory.Shared(_file, MemoryLayout.ImageLength + SignalStackLength);

    /// <summary>The image of all areas, as the child sees it.</summary>
    // SAFETY: the mapping is that long and lives as long as this object.
    public Span<byte> Image => new(_memory.Address, MemoryLayout.ImageLength);

    /// <summary>Reads a word of a signal frame.</summary>
    /// <returns>False when the address is not on the signal stack.</returns>
    public bool TryReadSignalFrame(ulong address, out ulong value)
    {
        ulong offset = address - SignalStack;
        bool inside = offset <= SignalStackLength - sizeof(ulong);
        // SAFETY: the offset was just found to lie in the mapping.
        value = inside ? *(ulong*)(_memory.Address + MemoryLayout.ImageLength + offset) : 0;
        return inside;
    }

    /// <summary>Empties a fresh child and gives it the test areas.</summary>
    public void SetUp(TracedProcess child, ulong syscallInStub)
    {
        TracedChild.EndRestartableSequences(child, syscallInStub);
        Map(child, syscallInStub);
        ulong syscall = MemoryLayout.Code.Address;
        ((ReadOnlySpan<byte>)[0x0F, 0x05, 0xCC]).CopyTo(Image[MemoryLayout.Code.Offset..]);
        UnmapTheRest(child, syscall);
        child.Call(syscall, Libc.SYS_close_range, 0, uint.MaxValue, 0);
        SetSignals(child, syscall);
        foreach ((int index, (ulong Base, uint Limit, bool Code) descriptor) in Selectors.Local.Index())
        {
            const uint Writable = 0;
            const uint CodeContents = 2 << 1;
            ReadOnlySpan<uint> description = [(uint)index, (uint)descriptor.Base, descriptor.Limit, descriptor.Code ? CodeContents : Writable];
            const ulong Write = 0x11;
            child.Call(syscall, Libc.SYS_modify_ldt, Write, Pass(description), 16);
        }
    }

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    private void Map(TracedProcess child, ulong syscall)
    {
        foreach (MemoryArea area in MemoryLayout.Areas)
        {
            int protection = Libc.PROT_READ | (area.Writable ? Libc.PROT_WRITE : 0) | (area.Executable ? Libc.PROT_EXEC : 0);
            MapOne(child, syscall, area.Address, area.Length, protection, area.Offset);
        }

        MapOne(child, syscall, SignalStack, SignalStackLength, Libc.PROT_READ | Libc.PROT_WRITE, MemoryLayout.ImageLength);
    }

    /// <remarks>Populated at once: a first touch would otherwise be told apart from later ones by the error code of #PF.</remarks>
    private void MapOne(TracedProcess child, ulong syscall, ulong address, int length, int protection, int offset)
    {
        const int Flags = Libc.MAP_SHARED | Libc.MAP_FIXED | Libc.MAP_POPULATE;
        child.Call(syscall, Libc.SYS_mmap, address, (ulong)length, (ulong)protection, Flags, (ulong)_file.Number, (ulong)offset);
    }

    private static void UnmapTheRest(TracedProcess child, ulong syscall)
    {
        ulong from = 0;
        foreach ((ulong start, ulong end) in MemoryLayout.Areas.Select(area => (area.Address, area.End))
                     .Append((SignalStack, SignalStack + SignalStackLength)).Append((UserEnd, UserEnd)).OrderBy(range => range.Item1))
        {
            if (start > from)
                child.Call(syscall, Libc.SYS_munmap, from, start - from);
            from = end;
        }
    }

    private void SetSignals(TracedProcess child, ulong syscall)
    {
        child.Call(syscall, Libc.SYS_sigaltstack, Pass<ulong>([SignalStack, 0, SignalStackLength]), 0);
        child.Call(syscall, Libc.SYS_rt_sigprocmask, Libc.SIG_SETMASK, Pass<ulong>([0]), 0, sizeof(ulong));
        const ulong Flags = Libc.SA_SIGINFO | Libc.SA_RESTORER | Libc.SA_ONSTACK | Libc.SA_NODEFER;
        foreach (int signal in (ReadOnlySpan<int>)[Libc.SIGILL, Libc.SIGTRAP, Libc.SIGBUS, Libc.SIGFPE, Libc.SIGSEGV])
        {
            ulong action = Pass<ulong>([SignalHandler, Flags, SignalHandler, 0]);
            child.Call(syscall, Libc.SYS_rt_sigaction, (ulong)signal, action, 0, sizeof(ulong));
        }
    }

    /// <summary>Puts an argument where the child can read it.</summary>
    /// <returns>Its address in the child.</returns>
    private ulong Pass<T>(ReadOnlySpan<T> argument)
        where T : unmanaged
    {
        MemoryMarshal.AsBytes(argument).CopyTo(Image[MemoryLayout.Data.Offset..]);
        return MemoryLayout.Data.Address;
    }
}
