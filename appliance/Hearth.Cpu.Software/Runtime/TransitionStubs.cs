using Hearth.Memory;
using Iced.Intel;
using static Hearth.Cpu.Software.StubAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software;

/// <summary>
/// SYSCALL, SYSRETQ and IRETQ in machine code (Intel SDM Vol. 2): where a <see cref="Transition"/> says what they led to and
/// everything it depended on is unchanged, only flags, pointers and segment registers are left to set. Otherwise C# executes
/// them, and notes the transition.
/// </summary>
/// <remarks>
/// Each is jumped to with the number of the kept instruction in <see cref="VcpuState.ExitDetail"/>; SYSCALL with the address
/// of the next instruction in R14.
/// </remarks>
internal static unsafe class TransitionStubs
{
    private const int TlbTables = VcpuState.TlbOffset - VcpuState.Bias;
    private const int FrameLength = 5 * sizeof(ulong);
    private const uint ReturnedFlags = (uint)(Rflags.System & ~Rflags.Resume);

    private static readonly int s_key = Transition.OffsetOf(nameof(Transition.Key));
    private static readonly int s_systemFlags = Transition.OffsetOf(nameof(Transition.SystemFlags));
    private static readonly int s_codeSelector = Transition.OffsetOf(nameof(Transition.CodeSelector));
    private static readonly int s_stackSelector = Transition.OffsetOf(nameof(Transition.StackSelector));
    private static readonly int s_codeDescriptor = Transition.OffsetOf(nameof(Transition.CodeDescriptor));
    private static readonly int s_stackDescriptor = Transition.OffsetOf(nameof(Transition.StackDescriptor));

    /// <summary>Where the guest's flags lie after <see cref="StubAssembler.SaveGuest"/>.</summary>
    private static AssemblerMemoryOperand SavedFlags => __qword_ptr[rsp + (5 * 8)];

    /// <summary>Emits the end of all of them: goes on at R14, without touching the flags.</summary>
    /// <param name="lookUp">The stub for jump-cache misses.</param>
    public static byte* EmitDispatch(HostEmitter emitter, byte* lookUp)
    {
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label hit = a.CreateLabel();
        ReturnStubs.EmitForget(a);
        stub.ProbeJumpCache(first: true, hit);
        a.mov(Field32(FieldOffsets.ExitDetail), 0);
        a.jmp((ulong)lookUp);
        a.Label(ref hit);
        stub.JumpToProbed(first: true);
        return stub.Place(emitter);
    }

    public static byte* EmitSystemCall(HostEmitter emitter, byte* dispatch, byte* interpret)
    {
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label slow = a.CreateLabel();
        stub.SaveGuest();
        a.mov(eax, Field32(FieldOffsets.SystemFlags));
        EmitMatch(a, TransitionKind.SystemCall, slow);

        // R11 gets all flags; RF is clear where code runs block by block.
        a.mov(rsi, SavedFlags);
        a.and(esi, (int)Rflags.Arithmetic);
        a.movzx(edx, Field8(FieldOffsets.InterruptEnable));
        a.shl(edx, 9);
        a.or(edx, esi);
        a.movzx(eax, Field8(FieldOffsets.Direction));
        a.shl(eax, 10);
        a.or(edx, eax);
        a.or(edx, Field32(FieldOffsets.SystemFlags));
        a.mov(Field(11 * 8), rdx);
        a.mov(r11, r14);
        a.mov(eax, Field32(FieldOffsets.SyscallMask));
        a.not(eax);
        a.and(eax, edx);
        EmitSetFlags(a);
        EmitApply(a);
        a.mov(r14, Field(FieldOffsets.Lstar));
        stub.RestoreGuest();
        a.jmp((ulong)dispatch);
        EmitSlow(stub, slow, interpret);
        return stub.Place(emitter);
    }

    public static byte* EmitSystemReturn(HostEmitter emitter, byte* dispatch, byte* interpret)
    {
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label slow = a.CreateLabel();
        stub.SaveGuest();
        a.cmp(Field8(FieldOffsets.Cpl), 0);
        a.jne(slow);
        a.cmp(Field8(FieldOffsets.DirectWanted), 0);
        a.jne(slow);
        a.mov(rax, Field(11 * 8));
        a.and(eax, (int)(ReturnedFlags & ~(uint)Rflags.Virtual8086));
        a.or(eax, (int)Rflags.AlwaysOne);
        EmitMatch(a, TransitionKind.SystemReturn, slow);
        a.mov(r14, r11);
        EmitCanonical(a, slow);
        a.mov(rax, Field(11 * 8));
        EmitSetFlags(a);
        EmitApply(a);
        EmitLookForInterrupt(a);
        stub.RestoreGuest();
        a.jmp((ulong)dispatch);
        EmitSlow(stub, slow, interpret);
        return stub.Place(emitter);
    }

    public static byte* EmitInterruptReturn(HostEmitter emitter, byte* dispatch, byte* interpret)
    {
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label slow = a.CreateLabel();
        Label descriptor = a.CreateLabel();
        Label matched = a.CreateLabel();
        Label toSame = a.CreateLabel();
        Label toNull = a.CreateLabel();
        stub.SaveGuest();
        a.cmp(Field8(FieldOffsets.Cpl), 0);
        a.jne(slow);
        a.cmp(Field8(FieldOffsets.NmiBlocked), 0);
        a.jne(slow);
        EmitFrame(a, slow);

        // RSI: RIP, CS, RFLAGS, RSP, SS.
        a.mov(eax, Field32(FieldOffsets.SystemFlags));
        a.mov(ecx, __dword_ptr[rsi + 8]);
        a.and(ecx, 3);
        a.cmp(ecx, 3);
        a.jne(toSame);
        a.cmp(Field8(FieldOffsets.DirectWanted), 0);
        a.jne(slow);
        EmitMatch(a, TransitionKind.ReturnToUser, slow);
        EmitKeepsDataSegments(a, slow);
        a.movzx(eax, __word_ptr[rsi + 32]);
        a.call(descriptor);
        a.jc(slow);
        a.cmp(rax, __qword_ptr[rbx + s_stackDescriptor]);
        a.jne(slow);
        a.jmp(matched);
        a.Label(ref toSame);
        a.test(__word_ptr[rsi + 32], 0xFFFC);
        a.jz(toNull);
        EmitMatch(a, TransitionKind.ReturnToSame, slow);
        a.movzx(eax, __word_ptr[rsi + 32]);
        a.call(descriptor);
        a.jc(slow);
        a.cmp(rax, __qword_ptr[rbx + s_stackDescriptor]);
        a.jne(slow);
        a.jmp(matched);
        a.Label(ref toNull);
        EmitMatch(a, TransitionKind.ReturnToSameNull, slow);
        a.Label(ref matched);
        EmitCheckFrame(a, descriptor, slow);

        a.mov(r13, __qword_ptr[rsi + 24]);
        a.mov(rax, __qword_ptr[rsi + 16]);
        EmitSetFlags(a);
        EmitApply(a);
        EmitLookForInterrupt(a);
        stub.RestoreGuest();
        a.jmp((ulong)dispatch);
        EmitSlow(stub, slow, interpret);
        EmitDescriptor(a, descriptor);
        return stub.Place(emitter);
    }

    /// <summary>RBX becomes the transition, when everything it depended on is as it was; EAX holds the system flags that are part of its key.</summary>
    private static void EmitMatch(Assembler a, TransitionKind kind, Label slow)
    {
        a.lea(rbx, __[r15 + (FieldOffsets.Transitions + ((int)kind * Transition.Size) - VcpuState.Bias)]);
        a.shl(rax, 32);
        a.mov(ecx, Field32(FieldOffsets.Mode));
        a.or(rax, rcx);
        a.cmp(rax, __qword_ptr[rbx + s_key]);
        a.jne(slow);
        EmitSame(a, FieldOffsets.Star, nameof(Transition.Star), wide: true, slow);
        EmitSame(a, FieldOffsets.SyscallMask, nameof(Transition.SyscallMask), wide: true, slow);
        EmitSame(a, FieldOffsets.Cr4, nameof(Transition.Cr4), wide: false, slow);
        EmitSame(a, FieldOffsets.Efer, nameof(Transition.Efer), wide: false, slow);
    }

    private static void EmitSame(Assembler a, int field, string name, bool wide, Label slow)
    {
        int offset = Transition.OffsetOf(name);
        if (wide)
        {
            a.mov(rcx, Field(field));
            a.cmp(rcx, __qword_ptr[rbx + offset]);
        }
        else
        {
            a.mov(ecx, Field32(field));
            a.cmp(ecx, __dword_ptr[rbx + offset]);
        }

        a.jne(slow);
    }

    /// <summary>RSI becomes the host address of the five words at the stack pointer, when the soft TLB has their page.</summary>
    private static void EmitFrame(Assembler a, Label slow)
    {
        a.mov(eax, r13d);
        a.and(eax, GuestRam.PageSize - 1);
        a.cmp(eax, GuestRam.PageSize - FrameLength);
        a.ja(slow);
        a.test(Field32(FieldOffsets.Mode), (int)ModeFlags.Smap);
        EmitTables(a);
        a.mov(rcx, r13);
        EmitProbe(a, slow);
        a.lea(rsi, __[r13 + rcx]);
    }

    /// <summary>RDX becomes the supervisor's TLB tables: guarded by SMAP when the zero flag is clear.</summary>
    private static void EmitTables(Assembler a)
    {
        a.lea(rdx, __[r15 + (TlbTables + (TlbMode.Supervisor * VcpuState.TlbBytesPerMode))]);
        a.lea(rcx, __[r15 + (TlbTables + (TlbMode.GuardedSupervisor * VcpuState.TlbBytesPerMode))]);
        a.cmovnz(rdx, rcx);
    }

    /// <summary>RCX, an address, becomes the addend of its page in the tables at RDX. Changes RDI.</summary>
    private static void EmitProbe(Assembler a, Label miss)
    {
        a.mov(edi, ecx);
        a.shr(edi, GuestRam.PageShift - TlbEntry.SizeShift);
        a.and(edi, (VcpuState.TlbEntries - 1) << TlbEntry.SizeShift);
        a.and(rcx, -GuestRam.PageSize);
        a.add(rcx, __qword_ptr[rdx + rdi + TlbEntry.ReadTagOffset]);
        a.jnz(miss);
        a.mov(rcx, __qword_ptr[rdx + rdi + TlbEntry.AddendOffset]);
    }

    /// <summary>The data segments are such that a return to level 3 leaves them alone: unusable or of that level.</summary>
    private static void EmitKeepsDataSegments(Assembler a, Label slow)
    {
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.ES, SegmentName.DS, SegmentName.FS, SegmentName.GS])
        {
            Label kept = a.CreateLabel();
            a.movzx(eax, __word_ptr[r15 + (FieldOffsets.SegmentAttributes + ((int)name * 2) - VcpuState.Bias)]);
            a.test(eax, (uint)SegmentAttribute.Unusable);
            a.jnz(kept);
            a.not(eax);
            a.test(eax, (uint)SegmentAttribute.DplMask);
            a.jnz(slow);
            a.Label(ref kept);
        }
    }

    /// <summary>The frame at RSI is what the transition at RBX led to, and its instruction pointer, R14 then, is canonical.</summary>
    private static void EmitCheckFrame(Assembler a, Label descriptor, Label slow)
    {
        a.movzx(eax, __word_ptr[rsi + 32]);
        a.cmp(ax, __word_ptr[rbx + s_stackSelector]);
        a.jne(slow);
        a.movzx(eax, __word_ptr[rsi + 8]);
        a.cmp(ax, __word_ptr[rbx + s_codeSelector]);
        a.jne(slow);
        a.call(descriptor);
        a.jc(slow);
        a.cmp(rax, __qword_ptr[rbx + s_codeDescriptor]);
        a.jne(slow);
        a.mov(eax, __dword_ptr[rsi + 16]);
        a.and(eax, (int)ReturnedFlags);
        a.or(eax, (int)Rflags.AlwaysOne);
        a.cmp(eax, __dword_ptr[rbx + s_systemFlags]);
        a.jne(slow);
        a.mov(r14, __qword_ptr[rsi]);
        EmitCanonical(a, slow);
    }

    /// <summary>A routine: RAX, a selector of the GDT, becomes its descriptor; carry set when the soft TLB does not have it. Changes RCX, RDX, RDI, R12.</summary>
    private static void EmitDescriptor(Assembler a, Label here)
    {
        Label none = a.CreateLabel();
        a.Label(ref here);
        a.test(eax, 4);
        a.jnz(none);
        a.and(eax, 0xFFF8);
        a.lea(ecx, __[rax + 7]);
        a.movzx(edx, __word_ptr[r15 + (FieldOffsets.GdtrLimit - VcpuState.Bias)]);
        a.cmp(ecx, edx);
        a.ja(none);
        a.add(rax, Field(FieldOffsets.GdtrBase));
        a.test(eax, 7);
        a.jnz(none);
        a.test(Field32(FieldOffsets.Cr4), (int)ControlRegister.Cr4Smap);
        EmitTables(a);
        a.mov(rcx, rax);
        EmitProbe(a, none);
        a.mov(rax, __qword_ptr[rax + rcx]);
        a.clc();
        a.ret();
        a.Label(ref none);
        a.stc();
        a.ret();
    }

    /// <summary>R14 has bit 47 repeated.</summary>
    private static void EmitCanonical(Assembler a, Label slow)
    {
        a.mov(rax, r14);
        a.shl(rax, 16);
        a.sar(rax, 16);
        a.cmp(rax, r14);
        a.jne(slow);
    }

    /// <summary>Takes the arithmetic flags, IF and DF from EAX.</summary>
    private static void EmitSetFlags(Assembler a)
    {
        a.bt(eax, 9);
        a.setc(Field8(FieldOffsets.InterruptEnable));
        a.bt(eax, 10);
        a.setc(Field8(FieldOffsets.Direction));
        a.and(eax, (int)Rflags.Arithmetic);
        a.mov(SavedFlags, rax);
    }

    /// <summary>Sets what the transition at RBX says.</summary>
    private static void EmitApply(Assembler a)
    {
        Copy32(a, nameof(Transition.Mode), FieldOffsets.Mode);
        a.mov(rax, __qword_ptr[rbx + Transition.OffsetOf(nameof(Transition.ModeSalt))]);
        a.mov(Field(FieldOffsets.ModeSalt), rax);
        Copy32(a, nameof(Transition.SystemFlags), FieldOffsets.SystemFlags);
        Copy16(a, nameof(Transition.CodeAttributes), FieldOffsets.SegmentAttributes, SegmentName.CS);
        Copy16(a, nameof(Transition.StackAttributes), FieldOffsets.SegmentAttributes, SegmentName.SS);
        Copy16(a, nameof(Transition.StackSelector), FieldOffsets.SegmentSelector, SegmentName.SS);
        Copy32(a, nameof(Transition.CodeLimit), FieldOffsets.SegmentLimit + ((int)SegmentName.CS * 4));
        Copy32(a, nameof(Transition.StackLimit), FieldOffsets.SegmentLimit + ((int)SegmentName.SS * 4));
        Copy32(a, nameof(Transition.CodeBase), FieldOffsets.SegmentBase + ((int)SegmentName.CS * 8));
        Copy32(a, nameof(Transition.StackBase), FieldOffsets.SegmentBase + ((int)SegmentName.SS * 8));
        Copy16(a, nameof(Transition.CodeSelector), FieldOffsets.SegmentSelector, SegmentName.CS);
        a.and(eax, 3);
        a.mov(Field8(FieldOffsets.Cpl), al);
    }

    private static void Copy16(Assembler a, string from, int to, SegmentName segment)
    {
        a.movzx(eax, __word_ptr[rbx + Transition.OffsetOf(from)]);
        a.mov(__word_ptr[r15 + (to + ((int)segment * 2) - VcpuState.Bias)], ax);
    }

    /// <summary>The upper half of a 64-bit field becomes or stays zero: system flags and the bases of descriptors have 32 bits.</summary>
    private static void Copy32(Assembler a, string from, int to)
    {
        a.mov(eax, __dword_ptr[rbx + Transition.OffsetOf(from)]);
        if (to == FieldOffsets.SystemFlags || (to >= FieldOffsets.SegmentBase && to < FieldOffsets.SegmentBase + (6 * 8)))
            a.mov(Field(to), rax);
        else
            a.mov(Field32(to), eax);
    }

    /// <summary>An interrupt that waited for IF is taken at the next look at the kick word.</summary>
    private static void EmitLookForInterrupt(Assembler a)
    {
        Label none = a.CreateLabel();
        a.cmp(Field8(FieldOffsets.InterruptEnable), 0);
        a.je(none);
        a.cmp(Field32(FieldOffsets.InterruptWaiting), 0);
        a.je(none);
        a.mov(Field32(FieldOffsets.Kick), 1);
        a.Label(ref none);
    }

    private static void EmitSlow(StubAssembler stub, Label slow, byte* interpret)
    {
        stub.Code.Label(ref slow);
        stub.RestoreGuest();
        stub.Code.jmp((ulong)interpret);
    }
}
