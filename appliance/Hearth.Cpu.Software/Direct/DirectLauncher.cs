using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hearth.Linux;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software;

/// <summary>
/// Starts the processes that user code of a guest runs in. Managed code must never run in the child of a process with many
/// threads, and a fork(2) would make every page of this process copy-on-write: so the child shares its memory (vfork(2)) for
/// the few system calls of a piece of machine code, and executes a program that consists of a trap.
/// </summary>
/// <remarks>What the child keeps of this process is <see cref="RamDescriptor"/> and <see cref="StubDescriptor"/>.</remarks>
internal sealed unsafe class DirectLauncher : IDisposable
{
    public const int RamDescriptor = 100;
    public const int StubDescriptor = 101;

    /// <summary>Where the program has a SYSCALL instruction, followed by INT3.</summary>
    public const ulong SystemCall = ProgramAddress + EntryOffset;

    private const ulong ProgramAddress = 0x1_0000;
    private const int EntryOffset = 0x78;
    private const int ArgumentsOffset = 0x800;
    private const int PageLength = 4096;

    private readonly MappedMemory _page = MappedMemory.Anonymous(PageLength, executable: true);
    private readonly FileDescriptor _program = FileDescriptor.CreateMemory("hearth-user", PageLength);

    /// <exception cref="LinuxException">The host gives no memory.</exception>
    public DirectLauncher()
    {
        using (MappedMemory program = MappedMemory.Shared(_program, PageLength))
            WriteProgram(new Span<byte>(program.Address, PageLength));

        // SAFETY: the page is private to this object; the code takes fewer bytes than ArgumentsOffset.
        Assemble().CopyTo(new Span<byte>(_page.Address, ArgumentsOffset));
    }

    private Arguments* Argument => (Arguments*)(_page.Address + ArgumentsOffset);

    /// <summary>Starts a child, traced by the calling thread and stopped before its first instruction.</summary>
    /// <exception cref="LinuxException">The host allows no child, or no tracing.</exception>
    public TracedProcess Start(FileDescriptor ram, FileDescriptor stub)
    {
        *Argument = new Arguments { Ram = ram.Number, Stub = stub.Number, Program = _program.Number };

        // SAFETY: the code keeps the System V calling convention; the child leaves this thread's stack alone, and this thread waits for it.
        long id = ((delegate* unmanaged<Arguments*, long>)_page.Address)(Argument);
        return id > 0 ? TracedProcess.Adopt((int)id) : throw new LinuxException("cannot start a process for user code", (int)-id);
    }

    public void Dispose()
    {
        _program.Dispose();
        _page.Dispose();
    }

    private byte[] Assemble()
    {
        const int Prctl = 157;
        const int ParentDeathSignal = 1;
        const int FileControl = 72;
        const int DuplicateFrom = 1030; // F_DUPFD_CLOEXEC
        const int DuplicateTo = 33;
        const int Trace = 101;
        const int ExecuteAt = 322;
        const int EmptyPath = 0x1000;
        const int Exit = 231;
        const int Clone = 56;
        const int SharedMemoryUntilExecute = 0x4100; // CLONE_VM | CLONE_VFORK, and no signal at its end
        var a = new Assembler(64);
        Label child = a.CreateLabel();
        Label failed = a.CreateLabel();
        a.push(rbx);
        a.mov(rbx, rdi);
        a.mov(eax, Clone);
        a.mov(edi, SharedMemoryUntilExecute);
        a.xor(esi, esi);
        a.xor(edx, edx);
        a.xor(r10d, r10d);
        a.xor(r8d, r8d);
        a.syscall();
        a.test(rax, rax);
        a.jz(child);
        a.pop(rbx);
        a.ret();

        a.Label(ref child);
        a.mov(eax, Prctl);
        a.mov(edi, ParentDeathSignal);
        a.mov(esi, Signal.Kill);
        a.syscall();

        // This process may have any of the three under the numbers that the child is to have two of them by.
        foreach (string field in (ReadOnlySpan<string>)[nameof(Arguments.Ram), nameof(Arguments.Stub), nameof(Arguments.Program)])
        {
            a.mov(eax, FileControl);
            a.mov(edi, __dword_ptr[rbx + OffsetOf(field)]);
            a.mov(esi, DuplicateFrom);
            a.mov(edx, StubDescriptor + 1);
            a.syscall();
            a.test(eax, eax);
            a.js(failed);
            a.mov(__dword_ptr[rbx + OffsetOf(field)], eax);
        }

        foreach ((string field, int number) in (ReadOnlySpan<(string, int)>)[(nameof(Arguments.Ram), RamDescriptor), (nameof(Arguments.Stub), StubDescriptor)])
        {
            a.mov(eax, DuplicateTo);
            a.mov(edi, __dword_ptr[rbx + OffsetOf(field)]);
            a.mov(esi, number);
            a.syscall();
            a.test(eax, eax);
            a.js(failed);
        }

        a.mov(eax, Trace);
        a.xor(edi, edi);
        a.syscall();
        a.test(rax, rax);
        a.jnz(failed);
        a.mov(eax, ExecuteAt);
        a.mov(edi, __dword_ptr[rbx + OffsetOf(nameof(Arguments.Program))]);
        a.lea(rsi, __[rbx + OffsetOf(nameof(Arguments.EmptyText))]);
        a.lea(rdx, __[rbx + OffsetOf(nameof(Arguments.EmptyList))]);
        a.mov(r10, rdx);
        a.mov(r8d, EmptyPath);
        a.syscall();
        a.Label(ref failed);
        a.mov(edi, eax);
        a.neg(edi);
        a.mov(eax, Exit);
        a.syscall();
        using var stream = new MemoryStream();
        a.Assemble(new StreamCodeWriter(stream), (ulong)_page.Address);
        return stream.ToArray();
    }

    /// <summary>A static ELF executable of one page (System V ABI, chapter 4): header, one segment, and SYSCALL; INT3.</summary>
    private static void WriteProgram(Span<byte> file)
    {
        ReadOnlySpan<byte> identity = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0];
        const int HeaderLength = 64;
        const int ProgramHeaderLength = 56;
        identity.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file[16..], 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(file[18..], 62); // EM_X86_64
        BinaryPrimitives.WriteUInt32LittleEndian(file[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file[24..], SystemCall);
        BinaryPrimitives.WriteUInt64LittleEndian(file[32..], HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(file[52..], HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(file[54..], ProgramHeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(file[56..], 1);

        Span<byte> segment = file[HeaderLength..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5); // read, execute
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], ProgramAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], ProgramAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], PageLength);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], PageLength);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], PageLength);
        DirectStub.SystemCallAndTrap.CopyTo(file[EntryOffset..]);
    }

    private static int OffsetOf(string field) => (int)Marshal.OffsetOf<Arguments>(field);

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public int Ram;
        public int Stub;
        public int Program;

        /// <summary>An empty string, and a list without entries.</summary>
        public int EmptyText;
        public ulong EmptyList;
    }
}
