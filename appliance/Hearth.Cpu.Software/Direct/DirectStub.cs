using Hearth.Linux;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software;

/// <summary>
/// The two pages that a process for user code has of ours, at the very end of user addresses: code that makes a list of system
/// calls, and the list. Guest code may jump there, and gains nothing: while it runs, no system call is carried out.
/// </summary>
internal sealed unsafe class DirectStub : IDisposable
{
    /// <summary>The end of user addresses with 4-level paging.</summary>
    public const ulong UserEnd = 0x7FFF_FFFF_F000;

    public const ulong Code = UserEnd - Length;
    public const int Length = 2 * PageLength;

    /// <summary>Makes the calls at R12, as many as R13 says, and traps; RAX is then the last result.</summary>
    public const ulong Batch = Code + 16;

    /// <summary>The trap.</summary>
    public const ulong Trap = Code + 2;

    /// <summary>CPUID, and a trap.</summary>
    public const ulong CpuidAndTrap = Code + 4;

    /// <summary>RDTSC, and a trap.</summary>
    public const ulong RdtscAndTrap = Code + 8;

    /// <summary>The list of calls, as the process sees it.</summary>
    public const ulong List = Code + PageLength;

    /// <summary>IRETQ.</summary>
    public const ulong Return = Code + 12;

    /// <summary>What <see cref="Return"/> pops, as the process sees it: RIP, CS, RFLAGS, RSP, SS.</summary>
    public const ulong Frame = List + (MaximumCalls * CallLength);

    public const int MaximumCalls = (PageLength / CallLength) - 1;
    private const int CallLength = 7 * sizeof(ulong);
    private const int PageLength = 4096;

    private readonly MappedMemory _memory;

    public DirectStub()
    {
        File = FileDescriptor.CreateMemory("hearth-user-stub", Length);
        _memory = MappedMemory.Shared(File, Length);
        var code = new Span<byte>(_memory.Address, PageLength);
        SystemCallAndTrap.CopyTo(code);
        ((ReadOnlySpan<byte>)[0x0F, 0xA2, 0xCC]).CopyTo(code[(int)(CpuidAndTrap - Code)..]);
        ((ReadOnlySpan<byte>)[0x0F, 0x31, 0xCC]).CopyTo(code[(int)(RdtscAndTrap - Code)..]);
        ((ReadOnlySpan<byte>)[0x48, 0xCF]).CopyTo(code[(int)(Return - Code)..]);
        Assemble().CopyTo(code[(int)(Batch - Code)..]);
    }

    /// <summary>SYSCALL; INT3.</summary>
    public static ReadOnlySpan<byte> SystemCallAndTrap => [0x0F, 0x05, 0xCC];

    public FileDescriptor File { get; }

    /// <summary>Number and six arguments of each call.</summary>
    public Span<ulong> Calls => new(_memory.Address + PageLength, PageLength / sizeof(ulong));

    /// <summary>The words at <see cref="Frame"/>.</summary>
    public Span<ulong> FrameWords => Calls.Slice(MaximumCalls * CallLength / sizeof(ulong), 5);

    public void Dispose()
    {
        _memory.Dispose();
        File.Dispose();
    }

    private static byte[] Assemble()
    {
        const int LargestError = -4096;
        var a = new Assembler(64);
        Label again = a.CreateLabel();
        Label done = a.CreateLabel();
        a.Label(ref again);
        a.mov(rax, __qword_ptr[r12]);
        a.mov(rdi, __qword_ptr[r12 + 8]);
        a.mov(rsi, __qword_ptr[r12 + 16]);
        a.mov(rdx, __qword_ptr[r12 + 24]);
        a.mov(r10, __qword_ptr[r12 + 32]);
        a.mov(r8, __qword_ptr[r12 + 40]);
        a.mov(r9, __qword_ptr[r12 + 48]);
        a.syscall();
        a.cmp(rax, LargestError);
        a.ja(done);
        a.add(r12, CallLength);
        a.dec(r13d);
        a.jnz(again);
        a.Label(ref done);
        a.int3();
        using var stream = new MemoryStream();
        a.Assemble(new StreamCodeWriter(stream), Batch);
        return stream.ToArray();
    }
}
