using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>SYSCALL, SYSRETQ and IRETQ as machine code repeats them, and that it stops to when anything they depend on changes.</summary>
public sealed unsafe class TransitionTests : IDisposable
{
    private const int Rounds = 200;
    private const ulong Entry = UserSpace.Kernel;
    private const ulong User = UserSpace.Code;
    private const ulong Counter = CodeMachine.Data;
    private const ulong Gdt = UserSpace.GlobalDescriptorTable;
    private const ushort UserCode = UserSpace.CodeSelector;

    /// <summary>The bytes of <see cref="AssembleUserLoop"/> up to the end of its SYSCALL.</summary>
    private const ulong UserLoopSystemCallEnd = 2 + 1 + 2;

    private readonly CodeMachine _machine = new();

    public TransitionTests() => UserSpace.Prepare(_machine);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_system_call_and_its_return_are_left_to_csharp_only_once()
    {
        _machine.Assemble(Entry, a =>
        {
            Label last = a.CreateLabel();
            a.inc(__qword_ptr[Counter]);
            a.dec(ebx);
            a.je(last);
            a.sysretq();
            a.Label(ref last);
            a.@out(TestBus.StopPort, al);
        });
        AssembleUserLoop();

        EnterUser(0x202);

        Assert.Equal((ulong)Rounds, _machine.At<ulong>(Counter));
        Assert.Equal((1L, 1L), (Interpreted(Mnemonic.Syscall), Interpreted(Mnemonic.Sysretq)));
    }

    [Fact]
    public void A_system_call_saves_all_flags_and_masks_those_it_is_told_to()
    {
        const ulong Before = Rflags.AlwaysOne | Rflags.InterruptEnable | Rflags.Direction | Rflags.Carry | Rflags.Overflow | Rflags.AlignmentCheck;
        _machine.Assemble(Entry, a =>
        {
            Label last = a.CreateLabel();
            a.pushfq();
            a.pop(rdx);
            a.mov(rsi, r11);
            a.dec(ebx);
            a.je(last);
            a.mov(r11, Before);
            a.sysretq();
            a.Label(ref last);
            a.@out(TestBus.StopPort, al);
        });
        AssembleUserLoop();

        EnterUser(Before);

        Assert.Equal(Before, _machine.State->Gpr[6]);
        Assert.Equal(Rflags.AlwaysOne | Rflags.Overflow | Rflags.AlignmentCheck, _machine.State->Gpr[2]);
        Assert.Equal(User + UserLoopSystemCallEnd, _machine.State->Gpr[1]);
        Assert.Equal((0, 8, 0x10), (_machine.State->Cpl, _machine.State->SegmentSelector[1], _machine.State->SegmentSelector[2]));
    }

    [Fact]
    public void Interrupt_returns_to_both_levels_are_left_to_csharp_only_once_each()
    {
        _machine.SetHandler(0x30, Entry);
        _machine.At<ulong>(0xE000 + (0x30 * 16)) |= 3UL << 45;
        _machine.Assemble(Entry, a =>
        {
            Label same = a.CreateLabel();
            Label last = a.CreateLabel();
            a.inc(__qword_ptr[Counter]);
            a.test(__byte_ptr[rsp + 8], 3);
            a.je(same);
            a.dec(ebx);
            a.je(last);
            a.@int(0x30);
            a.Label(ref same);
            a.iretq();
            a.Label(ref last);
            a.@out(TestBus.StopPort, al);
        });
        _machine.Assemble(User, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.@int(0x30);
            a.jmp(loop);
        });

        EnterUser(0x202);

        Assert.Equal((2UL * Rounds) - 1, _machine.At<ulong>(Counter));
        Assert.Equal(2L, Interpreted(Mnemonic.Iretq));
    }

    /// <summary>What a transition depended on changes in the middle; what it then does must be what C# does.</summary>
    [Fact]
    public void A_new_star_gives_new_selectors()
    {
        _machine.At<ulong>(Gdt + 0x38) = UserSpace.DataDescriptor;
        _machine.Assemble(Entry, a => Change(a, () =>
        {
            a.xor(eax, eax);
            a.mov(edx, 8 | (0x30 << 16));
            a.mov(rsi, rcx);
            a.mov(ecx, Msr.Star);
            a.wrmsr();
            a.mov(rcx, rsi);
        }));
        AssembleUserLoop();

        EnterUser(0x202);

        Assert.Equal(0x38 | 3, (int)_machine.State->Gpr[7] & 0xFFFF);
    }

    [Fact]
    public void A_descriptor_that_went_away_makes_iret_fault()
    {
        _machine.SetHandler(0x30, Entry);
        _machine.At<ulong>(0xE000 + (0x30 * 16)) |= 3UL << 45;
        _machine.Assemble(Entry, a =>
        {
            Label go = a.CreateLabel();
            a.dec(ebx);
            a.jne(go);
            a.mov(__qword_ptr[Gdt + (UserCode & ~3UL)], 0);
            a.Label(ref go);
            a.iretq();
        });
        _machine.Assemble(User, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.@int(0x30);
            a.jmp(loop);
        });

        EnterUser(0x202);

        Assert.Equal(UserCode & ~3U, _machine.Caught(13).Error);
        Assert.Equal(0, _machine.State->Cpl);
    }

    [Fact]
    public void A_return_address_that_is_not_canonical_faults_at_level_0()
    {
        _machine.Assemble(Entry, a => Change(a, () => a.bts(rcx, 60)));
        AssembleUserLoop();

        EnterUser(0x202);

        Assert.Equal(0U, _machine.Caught(13).Error);
        Assert.Equal(0, _machine.State->Cpl);
    }

    [Fact]
    public void An_interrupt_that_waited_in_the_kernel_arrives_at_the_return()
    {
        const int Vector = 0x40;
        _machine.Bus.Called = () => _machine.Apic.Raise(Vector);
        _machine.Assemble(Entry, a => Change(a, () => a.@out(TestBus.CallPort, al)));
        AssembleUserLoop();

        EnterUser(0x202);

        ExceptionFrame frame = _machine.Caught(Vector);
        Assert.Equal(User + UserLoopSystemCallEnd, frame.Rip);
    }

    [Fact]
    public void Stac_and_clac_open_and_close_user_pages()
    {
        _machine.State->Cr4 |= ControlRegister.Cr4Smap;
        ModeState.Update(_machine.State);

        _machine.Run(a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ebx, Rounds);
            a.Label(ref loop);
            a.stac();
            a.mov(eax, __dword_ptr[User]);
            a.clac();
            a.dec(ebx);
            a.jne(loop);
            a.mov(eax, __dword_ptr[User]);
        });

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((1U, User), (frame.Error, _machine.State->Cr2));
        Assert.Equal((0UL, 0UL), (_machine.State->Gpr[3], frame.Rflags & Rflags.AlignmentCheck));
        Assert.Equal((0L, 0L), (Interpreted(Mnemonic.Stac), Interpreted(Mnemonic.Clac)));
    }

    [Fact]
    public void Base_registers_and_control_registers_are_read_and_written_in_machine_code()
    {
        _machine.State->Cr4 |= ControlRegister.Cr4FsGsBase;
        _machine.State->KernelGsBase = 0xFFFF_8000_0000_1234;
        _machine.State->Cr2 = 77;
        ModeState.Update(_machine.State);

        _machine.Run(a =>
        {
            a.mov(rax, 0x1234_5678_9ABC);
            a.wrfsbase(rax);
            a.rdfsbase(rbx);
            a.mov(r12, 0xFFFF_FFFF_FFFF);
            a.wrgsbase(r12d);
            a.rdgsbase(r13);
            a.swapgs();
            a.rdgsbase(rsi);
            a.mov(rdi, cr2);
            a.mov(r14, cr3);
            a.@out(TestBus.StopPort, al);
        });

        VcpuState* state = _machine.State;
        Assert.Equal((0x1234_5678_9ABCUL, 0xFFFF_FFFFUL, 0xFFFF_8000_0000_1234UL), (state->Gpr[3], state->Gpr[13], state->Gpr[6]));
        Assert.Equal((77UL, CodeMachine.Root), (state->Gpr[7], state->Gpr[14]));
        Assert.Equal(0L, Interpreted(Mnemonic.Swapgs) + Interpreted(Mnemonic.Wrfsbase) + Interpreted(Mnemonic.Mov));
    }

    [Fact]
    public void A_base_that_is_not_canonical_faults()
    {
        _machine.State->Cr4 |= ControlRegister.Cr4FsGsBase;
        ModeState.Update(_machine.State);

        _machine.Run(a =>
        {
            a.mov(rax, 0x8000_0000_0000);
            a.wrgsbase(rax);
        });

        Assert.Equal((0U, CodeMachine.Code + 10), (_machine.Caught(13).Error, _machine.Caught(13).Rip));
        Assert.Equal(0UL, _machine.State->SegmentBase[(int)SegmentName.GS]);
    }

    [Fact]
    public void Level_1_may_not_swap_bases()
    {
        _machine.State->Cpl = 1;

        _machine.Run(a => a.swapgs());

        Assert.Equal(0U, _machine.Caught(13).Error);
    }

    [Fact]
    public void Time_stamps_go_on_and_can_be_forbidden()
    {
        _machine.Assemble(Entry, a => Change(a, () =>
        {
            a.mov(rax, cr4);
            a.or(eax, (int)ControlRegister.Cr4TimeStampDisable);
            a.mov(cr4, rax);
        }));
        _machine.Assemble(User, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.rdtsc();
            a.shl(rdx, 32);
            a.or(rdx, rax);
            a.cmp(rdx, rbp);
            a.jb(loop);
            a.mov(rbp, rdx);
            a.syscall();
            a.jmp(loop);
        });

        EnterUser(0x202);

        Assert.Equal((0U, User), (_machine.Caught(13).Error, _machine.Caught(13).Rip));
        Assert.InRange(_machine.State->Gpr[5], 1UL, ulong.MaxValue);
    }

    private long Interpreted(Mnemonic mnemonic) => _machine.Vcpu.Counters.Interpreted(mnemonic);

    private void AssembleUserLoop() => _machine.Assemble(User, a =>
    {
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.mov(edi, ss);
        a.nop();
        a.syscall();
        a.jmp(loop);
    });

    /// <summary>A kernel that returns at once, until the last round: then it does something first.</summary>
    private static void Change(Assembler a, Action body)
    {
        Label go = a.CreateLabel();
        Label last = a.CreateLabel();
        a.dec(ebx);
        a.jg(go);
        a.jl(last);
        body();
        a.Label(ref go);
        a.sysretq();
        a.Label(ref last);
        a.@out(TestBus.StopPort, al);
    }

    /// <summary>Goes on in user code, with the rounds to make in EBX.</summary>
    private void EnterUser(ulong flags)
    {
        (_machine.State->Gpr[3], _machine.State->Gpr[5]) = (Rounds, 0);
        UserSpace.Enter(_machine, flags);
    }
}
