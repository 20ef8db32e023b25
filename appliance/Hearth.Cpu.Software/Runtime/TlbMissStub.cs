using Hearth.Memory;
using Iced.Intel;
using static Hearth.Cpu.Software.StubAssembler;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software;

/// <summary>
/// Serves a soft-TLB miss in machine code: 4-level paging (Intel SDM Vol. 3, section 4.5), every page accessed already and
/// written pages dirty already, in RAM, without code under a write, no data breakpoint. Whatever is less ordinary, faults
/// included, goes to C# (<see cref="SlowPath"/>, <see cref="PageWalker"/>), which begins again.
/// </summary>
internal static unsafe class TlbMissStub
{
    public const int KindRead = 0;
    public const int KindWrite = 1;
    public const int KindExecute = 2;

    private const int TlbTables = VcpuState.TlbOffset - VcpuState.Bias;

    /// <summary>Bytes of one mode's part of a bitmap: <see cref="VcpuState.TlbBytesPerMode"/> shifted right by this.</summary>
    private const int BitmapShift = 8;

    /// <summary>Emits the routine that walks and fills an entry.</summary>
    /// <remarks>
    /// In: R14 the linear address, ESI the kind. Out: carry clear, R12 the addend, RDX the entry's info word; or carry set.
    /// Changes RAX, RBX, RCX, RDX, RSI, RDI, R12 and the flags.
    /// </remarks>
    public static byte* EmitWalk(HostEmitter emitter)
    {
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label fail = a.CreateLabel();
        Label host = a.CreateLabel();
        Label found = a.CreateLabel();
        Label large2M = a.CreateLabel();
        Label large1G = a.CreateLabel();

        EmitConditions(a, fail);
        a.mov(rdi, Field(FieldOffsets.Cr3));
        a.mov(rcx, PageTableEntry.Address);
        a.and(rdi, rcx);
        a.mov(ebx, (uint)(PageTableEntry.Writable | PageTableEntry.User));
        a.xor(r12d, r12d);
        EmitLevel(a, 39, host, fail);
        a.test(dl, (sbyte)-128);
        a.jnz(fail);
        EmitLevel(a, 30, host, fail);
        a.test(dl, (sbyte)-128);
        a.jnz(large1G);
        EmitLevel(a, 21, host, fail);
        a.test(dl, (sbyte)-128);
        a.jnz(large2M);
        EmitLevel(a, 12, host, fail);
        a.xor(eax, eax);
        a.jmp(found);
        EmitLarge(a, large2M, 21, PageScale.Page2M, found, fail);
        EmitLarge(a, large1G, 30, PageScale.Page1G, found, fail);

        a.Label(ref found);
        EmitRights(a, fail);
        EmitFill(a, host, fail);
        a.Label(ref fail);
        a.stc();
        a.ret();
        EmitHostAddress(a, host);
        return stub.Place(emitter);
    }

    /// <summary>Emits what a miss in generated code calls, with the access in an <see cref="AccessDetail"/> behind the call (<see cref="CodeStubs.DetailOffset"/>).</summary>
    /// <param name="exit">Where the stub goes on, as if it had not been, when C# has to serve the miss.</param>
    public static byte* EmitDataMiss(HostEmitter emitter, byte* walk, byte* exit)
    {
        const uint OnlyInCSharp = AccessDetail.CheckedBit;
        const int SizeShift = AccessDetail.SizeShift;
        var stub = new StubAssembler();
        Assembler a = stub.Code;
        Label slow = a.CreateLabel();
        Label aligned = a.CreateLabel();
        stub.SaveGuest();
        a.mov(rax, __qword_ptr[rsp + StubAssembler.SavedBytes]);
        a.mov(eax, __dword_ptr[rax + CodeStubs.DetailOffset]);
        a.test(eax, OnlyInCSharp);
        a.jnz(slow);
        a.mov(ecx, eax);
        a.shr(ecx, SizeShift);
        a.and(ecx, 0x7F);
        a.test(eax, AccessDetail.AlignedBit);
        a.jz(aligned);
        a.lea(edx, __[rcx - 1]);
        a.test(r14d, edx);
        a.jnz(slow);
        a.Label(ref aligned);
        a.mov(edx, r14d);
        a.and(edx, GuestRam.PageSize - 1);
        a.add(edx, ecx);
        a.cmp(edx, GuestRam.PageSize);
        a.ja(slow);
        a.xor(esi, esi);
        a.test(eax, AccessDetail.WriteBit);
        a.setne(sil);
        a.call((ulong)walk);
        a.jc(slow);
        stub.RestoreGuest();
        a.ret();
        a.Label(ref slow);
        stub.RestoreGuest();
        a.jmp((ulong)exit);
        return stub.Place(emitter);
    }

    private static void EmitConditions(Assembler a, Label fail)
    {
        const uint Paging = unchecked((uint)(ControlRegister.Cr0Paging | ControlRegister.Cr0WriteProtect));
        const uint LongMode = (uint)(ControlRegister.EferLongModeActive | ControlRegister.EferNoExecute);
        const int Dr7 = 5 * sizeof(ulong);
        a.mov(eax, Field32(FieldOffsets.Cr0));
        a.and(eax, unchecked((int)Paging));
        a.cmp(eax, unchecked((int)Paging));
        a.jne(fail);
        a.mov(eax, Field32(FieldOffsets.Efer));
        a.and(eax, LongMode);
        a.cmp(eax, LongMode);
        a.jne(fail);
        a.cmp(__byte_ptr[r15 + (FieldOffsets.DebugRegister + Dr7 - VcpuState.Bias)], 0);
        a.jne(fail);

        // Canonical: bit 47 repeated.
        a.mov(rax, r14);
        a.shl(rax, 16);
        a.sar(rax, 16);
        a.cmp(rax, r14);
        a.jne(fail);
    }

    /// <summary>
    /// Reads the entry of a level into RDX and makes RDI the table or page it leads to. RBX and R12 gather rights and NX.
    /// </summary>
    private static void EmitLevel(Assembler a, byte shift, Label host, Label fail)
    {
        const int EntryOffsetMask = 511 * sizeof(ulong);
        const int PresentAccessed = (int)(PageTableEntry.Present | PageTableEntry.Accessed);
        const int ReservedBits = (int)(PageTableEntry.BeyondWidth >> CpuModel.PhysicalAddressBits);
        a.mov(rax, r14);
        a.shr(rax, (byte)(shift - 3));
        a.and(eax, EntryOffsetMask);
        a.add(rdi, rax);
        a.call(host);
        a.jc(fail);
        a.mov(rdx, __qword_ptr[rdi]);
        a.mov(eax, edx);
        a.and(eax, PresentAccessed);
        a.cmp(eax, PresentAccessed);
        a.jne(fail);
        a.mov(rax, rdx);
        a.shr(rax, CpuModel.PhysicalAddressBits);
        a.test(eax, ReservedBits);
        a.jnz(fail);
        a.and(ebx, edx);
        a.or(r12, rdx);
        a.mov(rdi, rdx);
        a.and(rdi, rcx);
    }

    /// <summary>Makes RDI the 4 KiB piece of a large page, and EAX its scale.</summary>
    private static void EmitLarge(Assembler a, Label here, byte shift, PageScale scale, Label found, Label fail)
    {
        // Bit 12 is PAT; the others up to the page's size are reserved.
        uint reserved = (1U << shift) - (1U << 13);
        uint piece = (1U << shift) - GuestRam.PageSize;
        a.Label(ref here);
        a.test(edx, reserved);
        a.jnz(fail);
        a.shr(rdi, shift);
        a.shl(rdi, shift);
        a.mov(eax, r14d);
        a.and(eax, piece);
        a.or(rdi, rax);
        a.mov(eax, (uint)scale);
        a.jmp(found);
    }

    /// <summary>RCX becomes the info word, R12 the offset of the mode's tables; fails for an access that the rights do not allow.</summary>
    private static void EmitRights(Assembler a, Label fail)
    {
        const int Smep = (int)ControlRegister.Cr4Smep;
        const int GlobalPages = (int)ControlRegister.Cr4GlobalPages;
        const sbyte UserPage = (sbyte)PageTableEntry.User;
        Label notGlobal = a.CreateLabel();
        Label notExecutable = a.CreateLabel();
        Label executable = a.CreateLabel();
        Label supervisor = a.CreateLabel();
        Label guarded = a.CreateLabel();
        Label tables = a.CreateLabel();
        Label notWrite = a.CreateLabel();
        Label allowed = a.CreateLabel();
        a.lea(rcx, __[rdi + (rax * (1 << SoftTlb.InfoScaleShift))]);
        a.test(edx, (uint)PageTableEntry.Global);
        a.jz(notGlobal);
        a.test(Field32(FieldOffsets.Cr4), GlobalPages);
        a.jz(notGlobal);
        a.or(rcx, (sbyte)SoftTlb.InfoGlobal);
        a.Label(ref notGlobal);

        a.mov(eax, Field32(FieldOffsets.Mode));
        a.test(r12, r12);
        a.js(notExecutable);
        a.test(eax, (uint)ModeFlags.User);
        a.jnz(executable);
        a.test(bl, UserPage);
        a.jz(executable);
        a.test(Field32(FieldOffsets.Cr4), Smep);
        a.jnz(notExecutable);
        a.Label(ref executable);
        a.or(rcx, (sbyte)SoftTlb.InfoExecutable);
        a.Label(ref notExecutable);

        a.test(eax, (uint)ModeFlags.User);
        a.jz(supervisor);
        a.test(bl, UserPage);
        a.jz(fail);
        a.mov(r12d, TlbMode.User * VcpuState.TlbBytesPerMode);
        a.jmp(tables);
        a.Label(ref supervisor);
        a.mov(r12d, TlbMode.Supervisor * VcpuState.TlbBytesPerMode);
        a.test(eax, (uint)ModeFlags.Smap);
        a.jnz(guarded);
        a.jmp(tables);

        // Data in user pages is out of reach; code there may be run, but such an entry must not serve reads.
        a.Label(ref guarded);
        a.test(bl, UserPage);
        a.jnz(fail);
        a.mov(r12d, TlbMode.GuardedSupervisor * VcpuState.TlbBytesPerMode);
        a.Label(ref tables);

        a.cmp(esi, KindWrite);
        a.jne(notWrite);
        a.test(bl, (sbyte)PageTableEntry.Writable);
        a.jz(fail);
        a.test(dl, (sbyte)PageTableEntry.Dirty);
        a.jz(fail);
        a.jmp(allowed);
        a.Label(ref notWrite);
        a.cmp(esi, KindExecute);
        a.jne(allowed);
        a.test(cl, (sbyte)SoftTlb.InfoExecutable);
        a.jz(fail);
        a.Label(ref allowed);
    }

    /// <summary>Writes the entry and its bits, as <see cref="Mmu"/> does, and returns.</summary>
    private static void EmitFill(Assembler a, Label host, Label fail)
    {
        const sbyte Noticed = (sbyte)(PageFlags.Code | PageFlags.Wanted | PageFlags.Copying);
        const sbyte Dirty = (sbyte)PageFlags.Dirty;
        Label readOnly = a.CreateLabel();
        Label marked = a.CreateLabel();
        Label fill = a.CreateLabel();
        Label noWriteTag = a.CreateLabel();
        Label tagged = a.CreateLabel();
        a.call(host);
        a.jc(fail);
        a.mov(rax, rdi);
        a.sub(rax, Field(FieldOffsets.RamBase));
        a.shr(rax, GuestRam.PageShift);
        a.add(rax, Field(FieldOffsets.RamFlags));

        // BL becomes 1 when writes need nobody's notice: a dirty page (in both senses) without code that no cut wants as it is.
        a.test(bl, (sbyte)PageTableEntry.Writable);
        a.jz(readOnly);
        a.test(dl, (sbyte)PageTableEntry.Dirty);
        a.jz(readOnly);
        a.cmp(esi, KindWrite);
        a.jne(marked);
        a.test(__byte_ptr[rax], Noticed);
        a.jnz(fail);
        a.test(__byte_ptr[rax], Dirty);
        a.jnz(marked);
        a.@lock.or(__byte_ptr[rax], Dirty);
        a.Label(ref marked);
        a.mov(dl, __byte_ptr[rax]);
        a.and(dl, Noticed | Dirty);
        a.cmp(dl, Dirty);
        a.sete(bl);
        a.jmp(fill);
        a.Label(ref readOnly);
        a.xor(ebx, ebx);

        a.Label(ref fill);
        a.mov(rsi, r14);
        a.shr(rsi, GuestRam.PageShift);
        a.and(esi, VcpuState.TlbEntries - 1);
        a.mov(edx, esi);
        a.shl(edx, TlbEntry.SizeShift);
        a.lea(r12, __[r15 + r12 + TlbTables]);
        a.add(r12, rdx);
        a.mov(rdx, r14);
        a.and(rdx, -GuestRam.PageSize);
        a.neg(rdx);
        a.mov(__qword_ptr[r12 + TlbEntry.ReadTagOffset], rdx);
        a.test(bl, bl);
        a.jz(noWriteTag);
        a.mov(__qword_ptr[r12 + TlbEntry.WriteTagOffset], rdx);
        a.jmp(tagged);
        a.Label(ref noWriteTag);
        EmitNoWriteTag(a);
        a.Label(ref tagged);
        a.mov(rdx, r14);
        a.and(rdx, -GuestRam.PageSize);
        a.sub(rdi, rdx);
        a.mov(__qword_ptr[r12 + TlbEntry.AddendOffset], rdi);
        a.mov(__qword_ptr[r12 + TlbEntry.InfoOffset], rcx);
        EmitBits(a);
        EmitRecheck(a, fail);
    }

    /// <summary>The entry at R12, whose slot is RSI, gets a tag that nothing answers. Changes RDX.</summary>
    private static void EmitNoWriteTag(Assembler a)
    {
        a.mov(edx, esi);
        a.xor(edx, SoftTlb.InvalidPage);
        a.shl(edx, GuestRam.PageShift);
        a.neg(rdx);
        a.mov(__qword_ptr[r12 + TlbEntry.WriteTagOffset], rdx);
    }

    private static void EmitBits(Assembler a)
    {
        const sbyte ScaleMask = 3 << SoftTlb.InfoScaleShift;
        Label global = a.CreateLabel();
        Label known = a.CreateLabel();
        Label small = a.CreateLabel();
        Label done = a.CreateLabel();
        a.mov(rdx, r12);
        a.sub(rdx, r15);
        a.sub(rdx, TlbTables);
        a.and(edx, -VcpuState.TlbBytesPerMode);
        a.shr(rdx, BitmapShift);
        a.add(rdx, r15);
        a.test(cl, (sbyte)SoftTlb.InfoGlobal);
        a.jnz(global);
        a.bts(Bitmap(FieldOffsets.TlbLocal), rsi);
        a.btr(Bitmap(FieldOffsets.TlbGlobal), rsi);
        a.jmp(known);
        a.Label(ref global);
        a.btr(Bitmap(FieldOffsets.TlbLocal), rsi);
        a.bts(Bitmap(FieldOffsets.TlbGlobal), rsi);
        a.Label(ref known);
        a.test(cl, ScaleMask);
        a.jz(small);
        a.bts(Bitmap(FieldOffsets.TlbLarge), rsi);
        a.mov(rdx, r14);
        a.shr(rdx, 30);
        a.and(edx, 63);
        a.bts(Field(FieldOffsets.TlbLargeRegions), rdx);
        a.jmp(done);
        a.Label(ref small);
        a.btr(Bitmap(FieldOffsets.TlbLarge), rsi);
        a.Label(ref done);
    }

    /// <summary>Another vCPU may have translated code from the page since its flags were read: see <see cref="Mmu"/>.</summary>
    private static void EmitRecheck(Assembler a, Label fail)
    {
        Label done = a.CreateLabel();
        a.test(bl, bl);
        a.jz(done);
        a.@lock.or(__dword_ptr[rsp], 0);
        a.test(__byte_ptr[rax], (sbyte)PageFlags.Code);
        a.jz(done);
        EmitNoWriteTag(a);
        a.jmp(fail);
        a.Label(ref done);
        a.inc(Field(FieldOffsets.TlbFills));
        a.mov(r12, rdi);
        a.mov(rdx, rcx);
        a.clc();
        a.ret();
    }

    /// <summary>
    /// Makes a guest-physical address in RDI a host address, as <see cref="GuestRam.HostAddress"/> does; carry set outside RAM, and where pages may be
    /// write-protected: in shadow memory, which is never looked at here, and in ROM. Changes RAX.
    /// </summary>
    private static void EmitHostAddress(Assembler a, Label here)
    {
        const uint HoleLength = (uint)(GuestRam.ShadowEnd - GuestRam.HoleStart);
        Label high = a.CreateLabel();
        Label none = a.CreateLabel();
        a.Label(ref here);
        a.cmp(rdi, Field(FieldOffsets.RamLowLength));
        a.jae(high);
        a.mov(rax, rdi);
        a.sub(rax, (int)GuestRam.HoleStart);
        a.cmp(rax, (int)HoleLength);
        a.jb(none);
        a.add(rdi, Field(FieldOffsets.RamBase));
        a.clc();
        a.ret();
        a.Label(ref high);
        a.mov(rax, GuestRam.HighStart);
        a.sub(rdi, rax);
        a.jc(none);
        a.cmp(rdi, Field(FieldOffsets.RamHighLength));
        a.jae(none);
        a.add(rdi, Field(FieldOffsets.RamLowLength));
        a.add(rdi, Field(FieldOffsets.RamBase));
        a.clc();
        a.ret();
        a.Label(ref none);
        a.stc();
        a.ret();
    }

    private static AssemblerMemoryOperand Bitmap(int field) => __qword_ptr[rdx + (field - VcpuState.Bias)];
}
