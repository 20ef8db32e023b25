using Hearth.Fuzz.Interop;
using Hearth.Linux;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Fuzz.Oracle;

/// <summary>
/// Machine code that forks. Managed code must never run in the child of a process with many threads, so the child's side,
/// too, is here: it asks to be traced and stops.
/// </summary>
internal sealed unsafe class ForkStub : IDisposable
{
    private const int Length = 4096;
    private const int EntryOffset = 16;

    private readonly MappedMemory _page = MappedMemory.Anonymous(Length, executable: true);

    public ForkStub()
    {
        // SAFETY: the page is private to this object and 4096 bytes long; the stub takes fewer than 128.
        var page = new Span<byte>(_page.Address, Length);
        page.Fill(0xCC);
        page[0] = 0x0F;
        page[1] = 0x05;
        Assemble().CopyTo(page[EntryOffset..]);
    }

    /// <summary>Where the child, too, has a SYSCALL instruction, followed by INT3.</summary>
    public ulong SyscallAddress => (ulong)_page.Address;

    /// <summary>Forks; the child stops with SIGTRAP, traced by the calling thread, or exits at once when it may not be traced.</summary>
    /// <returns>The child's process id, or a negative error number.</returns>
    public long Fork()
    {
        // SAFETY: the stub follows the System V calling convention, uses no callee-saved register and leaves the child's stack alone.
        var entry = (delegate* unmanaged<long>)(_page.Address + EntryOffset);
        return entry();
    }

    public void Dispose() => _page.Dispose();

    /// <remarks>The child's exit signal is 0: nobody but the tracer is ever told of its end.</remarks>
    private byte[] Assemble()
    {
        var code = new Assembler(64);
        Label child = code.CreateLabel();
        Label traced = code.CreateLabel();
        code.mov(eax, Libc.SYS_clone);
        code.xor(edi, edi);
        code.xor(esi, esi);
        code.xor(edx, edx);
        code.xor(r10d, r10d);
        code.xor(r8d, r8d);
        code.syscall();
        code.test(rax, rax);
        code.jz(child);
        code.ret();

        code.Label(ref child);
        code.mov(eax, Libc.SYS_prctl);
        code.mov(edi, Libc.PR_SET_PDEATHSIG);
        code.mov(esi, Libc.SIGKILL);
        code.syscall();
        code.mov(eax, Libc.SYS_ptrace);
        code.xor(edi, edi);
        code.syscall();
        code.test(rax, rax);
        code.jz(traced);
        code.mov(eax, Libc.SYS_exit_group);
        code.mov(edi, 1);
        code.syscall();
        code.Label(ref traced);
        code.int3();

        using var stream = new MemoryStream();
        code.Assemble(new StreamCodeWriter(stream), SyscallAddress + EntryOffset);
        return stream.ToArray();
    }
}
