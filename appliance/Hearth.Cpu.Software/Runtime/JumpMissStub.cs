using Hearth.Memory;
using Iced.Intel;
using static Hearth.Cpu.Software.StubAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software;

/// <summary>
/// Serves a jump-cache miss in machine code where the code is translated already: linear address, physical address, block
/// index, and the entry is there again. Everything else goes to C# (<see cref="CodeFinder"/>).
/// </summary>
internal static unsafe class JumpMissStub
{
    private const int Tags = VcpuState.JumpCacheOffset - VcpuState.Bias;
    private const int Codes = Tags + sizeof(ulong);
    private const int Local = VcpuState.JumpLocalOffset - VcpuState.Bias;
    private const int TlbTables = VcpuState.TlbOffset - VcpuState.Bias;

    /// <summary>Emits what is jumped to with the target in R14 and the branch in <see cref="VcpuState.ExitDetail"/>.</summary>
    /// <param name="walk">The routine of <see cref="TlbMissStub.EmitWalk"/>.</param>
    /// <param name="exit">Where the stub goes on, as if it had not been, when C# has to complete the branch.</param>
    public static byte* Emit(HostEmitter emitter, byte* walk, byte* exit)
    {
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label slow = a.CreateLabel();
        Label elsewhere = a.CreateLabel();
        stub.ProbeJumpCache(first: false, elsewhere);
        stub.SaveGuest();
        EmitPhysical(a, walk, slow);
        EmitFind(a, slow);
        EmitRemember(a);

        // In 64-bit code the stack pointer has 64 bits. Nothing can fault any more.
        a.mov(eax, Field32(FieldOffsets.ExitDetail));
        a.shr(eax, BranchDetail.PoppedShift);
        a.add(r13, rax);
        a.mov(rcx, rdi);
        stub.RestoreGuest();
        a.jmp(rcx);
        a.Label(ref slow);
        stub.RestoreGuest();
        a.jmp((ulong)exit);

        a.Label(ref elsewhere);
        a.mov(Field(FieldOffsets.Scratch), r12);
        stub.LoadPopped();
        a.lea(r13, __[r13 + rcx]);
        a.mov(r12, Field(FieldOffsets.Scratch));
        stub.JumpToProbed(first: false);
        return stub.Place(emitter);
    }

    /// <summary>RDX becomes the info word of the target's page, which holds its physical address.</summary>
    private static void EmitPhysical(Assembler a, byte* walk, Label slow)
    {
        Label tables = a.CreateLabel();
        Label miss = a.CreateLabel();
        Label known = a.CreateLabel();
        a.mov(eax, Field32(FieldOffsets.Mode));
        a.test(eax, (uint)ModeFlags.Long);
        a.jz(slow);
        a.lea(rdx, __[r15 + (TlbTables + (TlbMode.User * VcpuState.TlbBytesPerMode))]);
        a.test(eax, (uint)ModeFlags.User);
        a.jnz(tables);
        a.lea(rdx, __[r15 + (TlbTables + (TlbMode.GuardedSupervisor * VcpuState.TlbBytesPerMode))]);
        a.test(eax, (uint)ModeFlags.Smap);
        a.jnz(tables);
        a.lea(rdx, __[r15 + (TlbTables + (TlbMode.Supervisor * VcpuState.TlbBytesPerMode))]);
        a.Label(ref tables);
        a.mov(rsi, r14);
        a.shr(rsi, GuestRam.PageShift - TlbEntry.SizeShift);
        a.and(esi, (VcpuState.TlbEntries - 1) << TlbEntry.SizeShift);
        a.mov(rcx, r14);
        a.and(rcx, -GuestRam.PageSize);
        a.add(rcx, __qword_ptr[rdx + rsi + TlbEntry.ReadTagOffset]);
        a.jnz(miss);
        a.mov(rdx, __qword_ptr[rdx + rsi + TlbEntry.InfoOffset]);
        a.test(dl, (sbyte)SoftTlb.InfoExecutable);
        a.jnz(known);
        a.Label(ref miss);
        a.mov(esi, TlbMissStub.KindExecute);
        a.call((ulong)walk);
        a.jc(slow);
        a.Label(ref known);
    }

    /// <summary>RDI becomes the block's far entry.</summary>
    private static void EmitFind(Assembler a, Label slow)
    {
        Label hit = a.CreateLabel();
        a.mov(rax, rdx);
        a.and(rax, -GuestRam.PageSize);
        a.mov(ecx, r14d);
        a.and(ecx, GuestRam.PageSize - 1);
        a.or(rax, rcx);
        a.mov(rcx, Field(FieldOffsets.ModeSalt));
        a.shl(rcx, BlockIndex.ModeShift);
        a.or(rax, rcx);
        a.bts(rax, BlockIndex.ValidBit);
        a.mov(rcx, BlockIndex.HashFactor);
        a.imul(rcx, rax);
        a.shr(rcx, 64 - BlockIndex.BucketBits);
        a.shl(rcx, BlockIndex.BucketShift);
        a.add(rcx, Field(FieldOffsets.BlockIndex));
        for (int way = 0; way < BlockIndex.Ways; way++)
        {
            if (way != 0)
                a.add(rcx, 16);
            a.cmp(rax, __qword_ptr[rcx]);
            a.je(hit);
        }

        a.jmp(slow);
        a.Label(ref hit);
        a.mov(rdi, __qword_ptr[rcx + 8]);
        a.cmp(rax, __qword_ptr[rcx]);
        a.jne(slow);
    }

    /// <summary>Writes the jump-cache entries, as <see cref="JumpCache.Add"/> does.</summary>
    private static void EmitRemember(Assembler a)
    {
        a.inc(Field(FieldOffsets.JumpFills));
        a.mov(rax, r14);
        a.neg(rax);
        EmitWrite(a, JumpCache.HashShift, place: 0);
        EmitWrite(a, JumpCache.SecondHashShift, VcpuState.JumpCacheFirstEntries);
        EmitNotePage(a);
    }

    /// <summary>Sets the bit that makes a flush of the page look.</summary>
    private static void EmitNotePage(Assembler a)
    {
        const int ScaleMask = 3 << SoftTlb.InfoScaleShift;
        Label large = a.CreateLabel();
        Label done = a.CreateLabel();
        a.mov(rax, r14);
        a.test(edx, (uint)ScaleMask);
        a.jnz(large);
        a.shr(rax, GuestRam.PageShift);
        a.and(eax, VcpuState.JumpFilterBits - 1);
        a.bts(Field(FieldOffsets.JumpPages), rax);
        a.jmp(done);
        a.Label(ref large);
        a.shr(rax, JumpCache.RegionShift);
        a.and(eax, VcpuState.JumpFilterBits - 1);
        a.bts(Field(FieldOffsets.JumpLargeRegions), rax);
        a.Label(ref done);
    }

    /// <summary>Writes one entry: the tag in RAX, the code in RDI.</summary>
    private static void EmitWrite(Assembler a, byte shift, int place)
    {
        Label global = a.CreateLabel();
        Label done = a.CreateLabel();
        a.rorx(rcx, r14, shift);
        a.add(ecx, r14d);
        a.add(ecx, Field32(FieldOffsets.ModeSalt));
        a.and(ecx, VcpuState.JumpCacheFirstEntries - 1);
        if (place != 0)
            a.add(ecx, place);
        a.mov(esi, ecx);
        a.shl(esi, JumpCache.EntryShift);
        a.mov(__qword_ptr[r15 + rsi + Codes], rdi);
        a.mov(__qword_ptr[r15 + rsi + Tags], rax);
        a.test(dl, (sbyte)SoftTlb.InfoGlobal);
        a.jnz(global);
        a.bts(__qword_ptr[r15 + Local], rcx);
        a.shr(ecx, 6);
        a.bts(Field(FieldOffsets.JumpLocalWords), rcx);
        a.jmp(done);
        a.Label(ref global);
        a.btr(__qword_ptr[r15 + Local], rcx);
        a.Label(ref done);
    }
}
