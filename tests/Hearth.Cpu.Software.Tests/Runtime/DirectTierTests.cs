using Hearth.Machine;
using Hearth.Memory;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>User code that runs as it is, in a process of its own: what it computes, and every way out of it.</summary>
public sealed unsafe class DirectTierTests : IDisposable
{
    private const int Vector = 0x40;

    /// <summary>The number of a page of data.</summary>
    private const long Page = (long)(UserSpace.Data + 0x2000) / PageSet.PageSize;

    private readonly CodeMachine _machine = new(direct: DirectTierMode.Always);

    public DirectTierTests()
    {
        UserSpace.Prepare(_machine);
        _machine.Assemble(UserSpace.Kernel, a => a.@out(TestBus.StopPort, al));
    }

    public void Dispose() => _machine.Dispose();

    private VcpuState* State => _machine.State;

    private DirectCounters Counters => _machine.Vcpu.DirectCounters;

    [Fact]
    public void Registers_flags_and_vectors_go_there_and_come_back()
    {
        for (int i = 0; i < 16; i++)
        {
            State->Gpr[i] = 0x1000UL + (ulong)i;
            new Span<byte>(State->Ymm + (i * 32), 32).Fill((byte)(i + 1));
        }

        Run(a =>
        {
            a.vpaddb(ymm0, ymm1, ymm15);
            a.fldpi();
            a.fstp(__qword_ptr[UserSpace.Data]);
            a.add(r15, r14);
            a.stc();
        }, Rflags.AlwaysOne | Rflags.InterruptEnable | Rflags.Overflow);

        Assert.Equal(0x100FUL + 0x100EUL, State->Gpr[15]);
        Assert.Equal(Math.PI, _machine.At<double>(UserSpace.Data));
        Assert.All(new ReadOnlySpan<byte>(State->Ymm, 32).ToArray(), value => Assert.Equal(2 + 16, value));
        Assert.Equal(Rflags.Carry, State->Gpr[11] & Rflags.Carry);
        Assert.Equal(0x1003UL, State->Gpr[3]);
        Assert.InRange(Counters.Entries, 1, long.MaxValue);
    }

    [Fact]
    public void A_loop_runs_without_translation()
    {
        Run(a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ecx, 1_000_000);
            a.xor(eax, eax);
            a.Label(ref loop);
            a.add(rax, rcx);
            a.dec(ecx);
            a.jne(loop);
            a.mov(__qword_ptr[UserSpace.Data + 8], rax);
        });

        Assert.Equal(500_000_500_000UL, _machine.At<ulong>(UserSpace.Data + 8));
        Assert.Equal(0x60UL, _machine.Entry(UserSpace.Data) & 0x60);
        Assert.NotEqual(0, _machine.Ram.FlagsOf(UserSpace.Data) & (byte)PageFlags.Dirty);
    }

    [Fact]
    public void A_missing_page_is_the_guests_fault()
    {
        _machine.Entry(UserSpace.Data + 0x3000) = 0;

        Run(a =>
        {
            a.mov(eax, 7);
            a.mov(__dword_ptr[UserSpace.Data + 0x3004], eax);
        });

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((6U, UserSpace.Data + 0x3004, UserSpace.Code + 5), (frame.Error, State->Cr2, frame.Rip));
    }

    [Fact]
    public void Kernel_pages_are_out_of_reach()
    {
        Run(a => a.mov(eax, __dword_ptr[CodeMachine.Code]));

        Assert.Equal((5U, CodeMachine.Code), (_machine.Caught(14).Error, State->Cr2));
    }

    [Fact]
    public void Code_is_read_only()
    {
        Run(a => a.mov(__dword_ptr[UserSpace.Code + 0x800], eax));

        Assert.Equal(7U, _machine.Caught(14).Error);
    }

    public static TheoryData<int, string> Faults => new()
    {
        { 0, "divide" }, { 3, "breakpoint" }, { 3, "INT 3" }, { 4, "INT 4" }, { 6, "undefined" }, { 13, "misaligned" }, { 13, "privileged" }, { 13, "not canonical" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_the_guests(int vector, string kind)
    {
        foreach (int open in (ReadOnlySpan<int>)[3, 4])
            _machine.At<ulong>(0xE000 + ((ulong)open * 16)) |= 3UL << 45;

        Run(a =>
        {
            a.xor(ecx, ecx);
            switch (kind)
            {
                case "divide":
                    a.div(ecx);
                    break;
                case "breakpoint":
                    a.int3();
                    break;
                case "INT 3":
                    a.db(0xCD, 3);
                    break;
                case "INT 4":
                    a.db(0xCD, 4);
                    break;
                case "undefined":
                    a.ud2();
                    break;
                case "misaligned":
                    a.movaps(xmm0, __xmmword_ptr[UserSpace.Data + 1]);
                    break;
                case "privileged":
                    a.cli();
                    break;
                default:
                    a.bts(rcx, 62);
                    a.jmp(rcx);
                    break;
            }
        });

        Assert.Equal(UserSpace.Code + 2 + (kind switch { "breakpoint" => 1UL, "INT 3" or "INT 4" => 2UL, "not canonical" => 5UL, _ => 0UL }), _machine.Caught(vector).Rip);
    }

    [Fact]
    public void The_processor_that_is_shown_is_the_models()
    {
        Run(a =>
        {
            a.xor(eax, eax);
            a.cpuid();
        });

        Assert.Equal(0x756E_6547UL, State->Gpr[3]); // Genu
    }

    [Fact]
    public void State_is_saved_as_large_as_the_models()
    {
        const int Length = 832;
        _machine.At<ulong>(UserSpace.Data + Length) = 77;

        Run(a =>
        {
            a.pcmpeqd(xmm0, xmm0);
            a.mov(eax, -1);
            a.mov(edx, -1);
            a.mov(rdi, UserSpace.Data);
            a.xsave(__[rdi]);
        });

        Assert.Equal(ControlRegister.Xcr0Sse, _machine.At<ulong>(UserSpace.Data + 512) & ControlRegister.Xcr0Sse);
        Assert.Equal(77UL, _machine.At<ulong>(UserSpace.Data + Length));
    }

    [Fact]
    public void Time_stamps_are_the_guests()
    {
        State->TscOffset = 1UL << 60;

        Run(a =>
        {
            a.rdtsc();
            a.shl(rdx, 32);
            a.or(rdx, rax);
        });

        Assert.Equal(1UL, State->Gpr[2] >> 60);
    }

    [Fact]
    public void A_page_that_the_kernel_maps_elsewhere_is_there_after_the_flush()
    {
        _machine.At<ulong>(UserSpace.Data) = 1;
        _machine.At<ulong>(UserSpace.Data + 0x5000) = 2;
        _machine.Assemble(UserSpace.Kernel, a =>
        {
            Label second = a.CreateLabel();
            a.test(ebx, ebx);
            a.jne(second);
            a.mov(ebx, 1);
            a.mov(__qword_ptr[0x4000 + ((UserSpace.Data >> 12) * 8)], (int)(UserSpace.Data + 0x5000) | 7);
            a.invlpg(__[UserSpace.Data]);
            a.sysretq();
            a.Label(ref second);
            a.@out(TestBus.StopPort, al);
        });

        Run(a =>
        {
            a.xor(ebx, ebx);
            a.mov(rsi, __qword_ptr[UserSpace.Data]);
            a.syscall();
            a.mov(rdi, __qword_ptr[UserSpace.Data]);
        });

        Assert.Equal((1UL, 2UL), (State->Gpr[6], State->Gpr[7]));
    }

    [Fact]
    public void A_page_that_changes_without_a_flush_is_there_after_the_next_one()
    {
        _machine.At<ulong>(UserSpace.Data) = 1;
        _machine.At<ulong>(UserSpace.Data + 0x5000) = 2;
        _machine.Assemble(UserSpace.Kernel, a =>
        {
            Label second = a.CreateLabel();
            Label third = a.CreateLabel();
            a.inc(ebx);
            a.cmp(ebx, 2);
            a.je(second);
            a.cmp(ebx, 3);
            a.je(third);
            a.mov(__qword_ptr[0x4000 + ((UserSpace.Data >> 12) * 8)], (int)(UserSpace.Data + 0x5000) | 7);
            a.sysretq();
            a.Label(ref second);
            a.mov(rax, cr3);
            a.mov(cr3, rax);
            a.sysretq();
            a.Label(ref third);
            a.@out(TestBus.StopPort, al);
        });

        Run(a =>
        {
            a.xor(ebx, ebx);
            a.mov(rsi, __qword_ptr[UserSpace.Data]);
            a.syscall();
            a.mov(rdi, __qword_ptr[UserSpace.Data + 0x8000]);
            a.syscall();
            a.mov(rdi, __qword_ptr[UserSpace.Data]);
        });

        Assert.Equal((1UL, 2UL), (State->Gpr[6], State->Gpr[7]));
    }

    [Fact]
    public void Segment_registers_come_back_as_the_guest_would_have_loaded_them()
    {
        Run(a =>
        {
            a.mov(eax, (int)UserSpace.DataSelector);
            a.mov(ds, eax);
            a.mov(es, eax);
            a.mov(eax, 3);
            a.mov(gs, eax);
        });

        Assert.Equal((UserSpace.DataSelector, UserSpace.DataSelector),
            (State->SegmentSelector[(int)SegmentName.DS], State->SegmentSelector[(int)SegmentName.ES]));

        // A null selector: some processors take its low bits away at every return from the host's kernel, as they would natively.
        Assert.Contains(State->SegmentSelector[(int)SegmentName.GS], (ushort[])[0, 3]);
        Assert.Equal(uint.MaxValue, State->SegmentLimit[(int)SegmentName.DS]);
        Assert.Equal(SegmentAttribute.Unusable, State->SegmentAttributes[(int)SegmentName.GS] & SegmentAttribute.Unusable);
        Assert.InRange(Counters.Entries, 1, long.MaxValue);
    }

    [Fact]
    public void A_guest_with_other_descriptors_is_translated()
    {
        _machine.At<ulong>(UserSpace.GlobalDescriptorTable + (UserSpace.NarrowCodeSelector & ~3UL)) = 0;

        Run(a => a.mov(eax, 7));

        Assert.Equal((0L, 7UL), (Counters.Entries, State->Gpr[0]));
    }

    [Fact]
    public void After_an_instruction_that_is_not_executed_directly_the_next_page_is()
    {
        const ulong Function = UserSpace.Code + 0x1000;
        _machine.Assemble(Function, a =>
        {
            a.xor(eax, eax);
            a.cpuid();
            a.rdpid(rcx);
            a.ret();
        });

        Run(a =>
        {
            Label again = a.CreateLabel();
            a.mov(r12d, 5);
            a.Label(ref again);
            a.call(Function);
            a.dec(r12d);
            a.jne(again);
        });

        Assert.Equal(0x756E_6547UL, State->Gpr[3]);
        Assert.InRange(Counters.Entries, 5, 12);
    }

    [Fact]
    public void An_instruction_that_answers_for_the_host_is_found_across_pages()
    {
        const ulong Function = UserSpace.Code + 0x1FFE;
        _machine.Ram.TryWrite(new Hearth.Machine.GuestAddress(Function), [0xF3, 0x0F, 0xC7, 0xF8, 0xC3]); // RDPID RAX; RET
        State->TscAux = 77;

        Run(a => a.call(Function));

        Assert.Equal(77UL, State->Gpr[0]);
    }

    [Fact]
    public void Code_that_the_kernel_changes_runs_changed()
    {
        const ulong Function = UserSpace.Code + 0x1000;
        _machine.Assemble(Function, a =>
        {
            a.mov(eax, 1);
            a.ret();
        });
        _machine.Assemble(UserSpace.Kernel, a =>
        {
            Label second = a.CreateLabel();
            a.test(ebx, ebx);
            a.jne(second);
            a.mov(ebx, 1);
            a.mov(__byte_ptr[0x60_0001], 2);
            a.sysretq();
            a.Label(ref second);
            a.@out(TestBus.StopPort, al);
        });
        _machine.Map(0x60_0000, Function);

        Run(a =>
        {
            a.xor(ebx, ebx);
            a.call(Function);
            a.mov(esi, eax);
            a.syscall();
            a.call(Function);
            a.mov(edi, eax);
        });

        Assert.Equal((1UL, 2UL), (State->Gpr[6], State->Gpr[7]));
    }

    [Fact]
    public void An_interrupt_ends_a_loop_that_never_ends()
    {
        using var later = new Timer(_ => _machine.Apic.Raise(Vector), null, 100, Timeout.Infinite);

        Run(a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.jmp(loop);
        });

        Assert.Equal(UserSpace.Code, _machine.Caught(Vector).Rip);
    }

    [Fact]
    public void Pages_written_are_told_each_time()
    {
        _machine.Assemble(UserSpace.Kernel, a =>
        {
            a.@out(TestBus.StopPort, al);
            a.sysretq();
        });
        Run(a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.inc(__dword_ptr[UserSpace.Data + 0x2008]);
            a.syscall();
            a.jmp(again);
        });
        using IDirtyTracker tracker = _machine.Engine.TrackWrites();
        for (int round = 0; round < 3; round++)
        {
            _machine.Continue();

            Assert.True(Collect(tracker).Contains(Page));
            Assert.False(Collect(tracker).Contains(Page));
        }

        Assert.InRange(Counters.Entries, 4, long.MaxValue);
    }

    [Fact]
    public void Pages_written_without_end_are_told_without_end()
    {
        Func<uint> counter = () => Volatile.Read(ref _machine.At<uint>(UserSpace.Data + 0x2008));
        _machine.Assemble(UserSpace.Code, a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.inc(__dword_ptr[UserSpace.Data + 0x2008]);
            a.jmp(again);
        });
        using IDirtyTracker tracker = _machine.Engine.TrackWrites();
        var thread = new Thread(() => UserSpace.Enter(_machine)) { IsBackground = true };
        thread.Start();
        var copy = new uint[10];
        int told = 0;
        for (int round = 0; round < copy.Length; round++)
        {
            told += SpinWait.SpinUntil(() => Collect(tracker).Contains(Page), 1_000) ? 1 : 0;
            copy[round] = counter();
            Assert.True(SpinWait.SpinUntil(() => counter() != copy[round], 5_000));
        }

        _machine.Vcpu.Kick();
        Assert.True(thread.Join(10_000));

        Assert.Equal(copy.Length, told);
        Assert.Equal(copy.Order(), copy);
        Assert.InRange(Counters.Entries, 1, long.MaxValue);
    }

    private PageSet Collect(IDirtyTracker tracker)
    {
        PageSet pages = _machine.Ram.NewPageSet();
        tracker.Collect(pages);
        return pages;
    }

    private void Run(Action<Assembler> body, ulong flags = Rflags.AlwaysOne | Rflags.InterruptEnable)
    {
        _machine.Assemble(UserSpace.Code, a =>
        {
            body(a);
            a.syscall();
        });
        UserSpace.Enter(_machine, flags);
    }
}
