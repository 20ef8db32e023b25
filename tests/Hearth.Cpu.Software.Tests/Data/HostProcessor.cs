using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>Runs code natively, as the oracle for the interpreter. Everything lies below 4 GiB, so that 32-bit code reaches it.</summary>
internal sealed unsafe partial class HostProcessor : IDisposable
{
    private const int Length = 0x10_0000;
    private const int ContextOffset = 0x1000;
    private const int MemoryOffset = 0x1_0000;
    private const ushort Code32Selector = 0x23;
    private const ushort Code64Selector = 0x33;

    private static readonly bool s_hasCode32 = HasSegment(Code32Selector);

    private static readonly AssemblerRegister64[] s_registers =
        [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
    private static readonly AssemblerRegister64[] s_saved = [rbx, rbp, r12, r13, r14, r15];

    private readonly byte* _start;

    /// <summary>Where the code's results are taken, in bytes from the start.</summary>
    private int _resume;

    public HostProcessor()
    {
        Assert.SkipUnless(Avx2.IsSupported && HasXsavec, "the host's processor, which is the reference here, has no AVX2 or no XSAVEC");
        _start = MapExecutable(Length);
        *(uint*)(_start + ContextOffset + HostRegisters.Size + 8) = 0x1F80;
    }

    private static bool HasXsavec => (X86Base.CpuId(0xD, 1).Eax & 2) != 0;

    public HostRegisters* Registers => (HostRegisters*)(_start + ContextOffset);

    /// <summary>Memory for the code to work on; 64 KiB-aligned.</summary>
    public byte* Memory => _start + MemoryOffset;

    /// <summary>The flags worth comparing: all on AMD processors, whose undefined flags the interpreter imitates.</summary>
    /// <param name="defined">The flags that the manual defines after the instruction.</param>
    public static ulong Comparable(ulong defined)
    {
        const int SecondLettersOfAuthenticAmd = 0x6974_6E65;
        (int _, int _, int _, int edx) = X86Base.CpuId(0, 0);
        return edx == SecondLettersOfAuthenticAmd ? ArithmeticFlag.All : defined;
    }

    /// <summary>Prepares 64-bit code; <see cref="Run"/> then runs it.</summary>
    public void Load(ReadOnlySpan<byte> code)
    {
        var assembler = new Assembler(64);
        Enter(assembler);
        assembler.db(code);
        Leave(assembler);
        Assemble(assembler);
    }

    /// <summary>Prepares 32-bit code, which must not use the stack; a visible skip where the host runs none.</summary>
    public void Load32(ReadOnlySpan<byte> code)
    {
        Assert.SkipUnless(s_hasCode32, "the host, which is the reference here, runs no 32-bit code: its kernel or hypervisor has no 32-bit code segment");
        var assembler = new Assembler(64);
        Enter(assembler);
        assembler.db(0xFF, 0x2C, 0x25);
        int pointerAddress = (int)(_start + 0x800);
        assembler.dd(pointerAddress);
        Leave(assembler);
        Assemble(assembler);

        // jmp far [pointer]; code; jmp far 64:return
        byte* code32 = _start + 0x900;
        *(uint*)(_start + 0x800) = (uint)code32;
        *(ushort*)(_start + 0x804) = Code32Selector;
        code.CopyTo(new Span<byte>(code32, 64));
        byte* back = code32 + code.Length;
        back[0] = 0xEA;
        *(uint*)(back + 1) = (uint)(_start + _resume);
        *(ushort*)(back + 5) = Code64Selector;
    }

    public void Run() => ((delegate* unmanaged<void>)_start)();

    public void Dispose() => _ = Unmap((nint)_start, Length);

    private void Enter(Assembler assembler)
    {
        long context = (long)Registers;
        foreach (AssemblerRegister64 register in s_saved)
            assembler.push(register);
        assembler.mov(__qword_ptr[context + HostRegisters.Size], rsp);
        assembler.ldmxcsr(__dword_ptr[context + HostRegisters.MxcsrOffset]);
        for (int i = 0; i < 16; i++)
            assembler.vmovdqu(new AssemblerRegisterYMM(Register.YMM0 + i), __ymmword_ptr[context + HostRegisters.VectorOffset + (i * 32)]);
        Label noStack = assembler.CreateLabel();
        assembler.cmp(__qword_ptr[context + HostRegisters.OwnStackOffset], 0);
        assembler.je(noStack);
        assembler.mov(rsp, __qword_ptr[context + 32]);
        assembler.Label(ref noStack);
        assembler.push(__qword_ptr[context + HostRegisters.FlagsOffset]);
        assembler.popfq();
        for (int i = 0; i < 16; i++)
        {
            if (i != 4)
                assembler.mov(s_registers[i], __qword_ptr[context + (i * 8)]);
        }
    }

    private void Leave(Assembler assembler)
    {
        long context = (long)Registers;
        _resume = MeasuredLength(assembler);
        for (int i = 0; i < 16; i++)
            assembler.mov(__qword_ptr[context + (i * 8)], s_registers[i]);
        assembler.mov(rsp, __qword_ptr[context + HostRegisters.Size]);
        assembler.pushfq();
        assembler.pop(__qword_ptr[context + HostRegisters.FlagsOffset]);
        assembler.cld();
        for (int i = 0; i < 16; i++)
            assembler.vmovdqu(__ymmword_ptr[context + HostRegisters.VectorOffset + (i * 32)], new AssemblerRegisterYMM(Register.YMM0 + i));
        assembler.stmxcsr(__dword_ptr[context + HostRegisters.MxcsrOffset]);
        assembler.ldmxcsr(__dword_ptr[context + HostRegisters.Size + 8]);
        assembler.vzeroupper();
        assembler.fninit();
        for (int i = s_saved.Length - 1; i >= 0; i--)
            assembler.pop(s_saved[i]);
        assembler.ret();
    }

    private int MeasuredLength(Assembler assembler)
    {
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), (ulong)_start);
        return (int)stream.Length;
    }

    private void Assemble(Assembler assembler)
    {
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), (ulong)_start);
        Assert.InRange(stream.Length, 1, 0x800);
        stream.ToArray().CopyTo(new Span<byte>(_start, 0x800));
    }

    /// <summary>Whether a segment is there for a user to load, as LAR says: a far jump to one that is not would be the end of the process.</summary>
    private static bool HasSegment(ushort selector)
    {
        byte* page = MapExecutable(4096);

        // lar eax, edi; sete al; movzx eax, al; ret
        ((ReadOnlySpan<byte>)[0x0F, 0x02, 0xC7, 0x0F, 0x94, 0xC0, 0x0F, 0xB6, 0xC0, 0xC3]).CopyTo(new Span<byte>(page, 16));
        uint found = ((delegate* unmanaged<uint, uint>)page)(selector);
        _ = Unmap((nint)page, 4096);
        return found != 0;
    }

    private static byte* MapExecutable(int length)
    {
        const int ReadWriteExecute = 7;
        const int PrivateAnonymous32Bit = 0x62;
        nint start = Map(0, length, ReadWriteExecute, PrivateAnonymous32Bit, -1, 0);
        Assert.NotEqual(-1, start);
        return (byte*)start;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);
}
