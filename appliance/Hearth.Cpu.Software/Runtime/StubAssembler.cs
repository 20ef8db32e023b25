using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software;

/// <summary>Assembles the longer shared pieces of machine code; what lies in blocks is written by <see cref="HostEmitter"/>.</summary>
internal sealed unsafe class StubAssembler
{
    /// <summary>What a stub that is entered with guest state in registers saves before it uses them. R15, R13, R11 and R8–R10 stay.</summary>
    private static readonly AssemblerRegister64[] s_saved = [rax, rbx, rdx, rsi, rdi];

    /// <summary>What <see cref="SaveGuest"/> pushes: above it lies the return address.</summary>
    public static int SavedBytes => (s_saved.Length + 1) * sizeof(ulong);

    public Assembler Code { get; } = new(64);

    /// <summary>A 64-bit field of <see cref="VcpuState"/>.</summary>
    public static AssemblerMemoryOperand Field(int offset) => __qword_ptr[r15 + (offset - VcpuState.Bias)];

    /// <summary>A 32-bit field of <see cref="VcpuState"/>.</summary>
    public static AssemblerMemoryOperand Field32(int offset) => __dword_ptr[r15 + (offset - VcpuState.Bias)];

    /// <summary>An 8-bit field of <see cref="VcpuState"/>.</summary>
    public static AssemblerMemoryOperand Field8(int offset) => __byte_ptr[r15 + (offset - VcpuState.Bias)];

    /// <summary>
    /// Looks into the jump cache for R14, as <see cref="ControlFlowEmitter"/> does in line: jumps to <paramref name="hit"/> when it
    /// is there, with the entry's offset in R12. Changes RCX and R12, and no flags.
    /// </summary>
    /// <param name="first">In its first place, or in the second.</param>
    public void ProbeJumpCache(bool first, Label hit)
    {
        LoadJumpIndex(first);
        Code.mov(rcx, __qword_ptr[r15 + r12 + JumpTags(first)]);
        Code.lea(rcx, __[rcx + r14]);
        Code.jrcxz(hit);
    }

    /// <summary>Jumps to what <see cref="ProbeJumpCache"/> has found.</summary>
    public void JumpToProbed(bool first) => Code.jmp(__qword_ptr[r15 + r12 + (JumpTags(first) + sizeof(ulong))]);

    private void LoadJumpIndex(bool first)
    {
        Code.rorx(r12, r14, first ? JumpCache.HashShift : JumpCache.SecondHashShift);
        Code.lea(r12, __[r12 + r14]);
        Code.mov(rcx, Field(FieldOffsets.ModeSalt));
        Code.lea(r12, __[r12 + rcx]);
        Code.pdep(r12, r12, Field(FieldOffsets.JumpCacheMask));
    }

    private static int JumpTags(bool first) =>
        VcpuState.JumpCacheOffset - VcpuState.Bias + (first ? 0 : VcpuState.JumpCacheFirstEntries << JumpCache.EntryShift);

    /// <summary>RCX becomes the bytes that the branch in <see cref="VcpuState.ExitDetail"/> takes off the stack. Changes R12, and no flags.</summary>
    public void LoadPopped()
    {
        Code.mov(ecx, Field32(FieldOffsets.ExitDetail));
        Code.mov(r12d, BranchDetail.PoppedShift);
        Code.shrx(ecx, ecx, r12d);
    }

    /// <summary>Saves the flags and RAX, RBX, RDX, RSI and RDI.</summary>
    public void SaveGuest()
    {
        Code.pushfq();
        foreach (AssemblerRegister64 register in s_saved)
            Code.push(register);
    }

    /// <summary>The opposite of <see cref="SaveGuest"/>.</summary>
    public void RestoreGuest()
    {
        for (int i = s_saved.Length - 1; i >= 0; i--)
            Code.pop(s_saved[i]);
        Code.popfq();
    }

    /// <summary>Writes the machine code at the emitter's position.</summary>
    /// <returns>Where it begins.</returns>
    public byte* Place(HostEmitter emitter)
    {
        byte* start = emitter.Position;
        var stream = new MemoryStream();
        Code.Assemble(new StreamCodeWriter(stream), (ulong)start);
        emitter.Bytes(stream.GetBuffer().AsSpan(0, (int)stream.Length));
        return start;
    }
}
