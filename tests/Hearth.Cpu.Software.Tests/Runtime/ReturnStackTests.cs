using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Returns are predicted, and go where the guest's stack says.</summary>
public sealed unsafe class ReturnStackTests : IDisposable
{
    private const ulong First = 0x40_0000;
    private const ulong Second = 0x41_0000;
    private const ulong Window = 0x50_0000;
    private const ulong Elsewhere = 0x60_0000;
    private const ulong User = 4;

    private readonly CodeMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Recursion_deeper_than_the_stack_of_frames_comes_back()
    {
        const int Depth = 3 * ReturnStack.Length / 16;

        _machine.Run(a =>
        {
            Label down = a.CreateLabel();
            Label up = a.CreateLabel();
            a.mov(ecx, Depth);
            a.xor(eax, eax);
            a.call(down);
            a.@out(TestBus.StopPort, al);
            a.Label(ref down);
            a.dec(ecx);
            a.je(up);
            a.call(down);
            a.Label(ref up);
            a.inc(eax);
            a.ret();
        });

        Assert.Equal((ulong)Depth, _machine.State->Gpr[0]);
        Assert.Equal(CodeMachine.StackOf(0), _machine.State->Gpr[4]);
    }

    [Fact]
    public void Calls_that_never_return_do_no_harm()
    {
        const int Calls = 5 * ReturnStack.Length / 16;

        _machine.Run(a =>
        {
            Label again = a.CreateLabel();
            Label never = a.CreateLabel();
            Label next = a.CreateLabel();
            Label function = a.CreateLabel();
            a.mov(ecx, Calls);
            a.xor(eax, eax);
            a.Label(ref again);
            a.call(never);
            a.ud2();
            a.Label(ref never);
            a.add(rsp, 8);
            a.call(function);
            a.dec(ecx);
            a.jne(again);
            a.jmp(next);
            a.Label(ref function);
            a.inc(eax);
            a.ret();
            a.Label(ref next);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((ulong)Calls, _machine.State->Gpr[0]);
    }

    [Fact]
    public void A_return_address_that_was_changed_is_where_it_goes()
    {
        _machine.Assemble(Elsewhere, a => { a.add(eax, 100); a.@out(TestBus.StopPort, al); });

        for (int run = 0; run < 3; run++)
        {
            _machine.State->Gpr[4] = CodeMachine.StackOf(0);
            _machine.Run(a =>
            {
                Label function = a.CreateLabel();
                a.mov(eax, 1);
                a.call(function);
                a.ud2();
                a.Label(ref function);
                a.mov(rcx, Elsewhere);
                a.mov(__[rsp], rcx);
                a.ret();
            });

            Assert.Equal(101UL, _machine.State->Gpr[0]);
        }
    }

    [Fact]
    public void A_return_takes_off_what_it_says()
    {
        _machine.Run(a =>
        {
            Label function = a.CreateLabel();
            a.push(7);
            a.push(8);
            a.call(function);
            a.@out(TestBus.StopPort, al);
            a.Label(ref function);
            a.mov(rax, __[rsp + 8]);
            a.ret(16);
        });

        Assert.Equal((8UL, CodeMachine.StackOf(0)), (_machine.State->Gpr[0], _machine.State->Gpr[4]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(24)]
    public void A_return_to_no_address_leaves_the_stack_alone(short taken)
    {
        ulong at = 0;

        _machine.Run(a =>
        {
            Label function = a.CreateLabel();
            a.call(function);
            a.Label(ref function);
            a.mov(rcx, 1UL << 63);
            a.mov(__[rsp], rcx);
            at = (ulong)CodeMachine.Bytes(CodeMachine.Code, b => { b.call(CodeMachine.Code + 5); b.mov(rcx, 1UL << 63); b.mov(__[rsp], rcx); }).Length;
            if (taken == 0)
                a.ret();
            else
                a.ret(taken);
        });

        ExceptionFrame frame = _machine.Caught(13);
        Assert.Equal((CodeMachine.Code + at, CodeMachine.StackOf(0) - 8), (frame.Rip, frame.Rsp));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_page_that_is_mapped_elsewhere_during_a_call_is_not_returned_to(bool flushesAll)
    {
        foreach ((ulong page, int value) in ((ulong, int)[])[(First, 1), (Second, 2)])
            _machine.Assemble(page, a => { a.call(Elsewhere); a.mov(eax, value); a.@out(TestBus.StopPort, al); }, Window);
        _machine.Map(Window, First);
        _machine.Assemble(Elsewhere, a =>
        {
            Label stay = a.CreateLabel();
            a.test(esi, esi);
            a.je(stay);
            a.mov(rcx, Second | CodeMachine.Present | CodeMachine.Writable);
            a.mov(rbx, (ulong)Entry(Window));
            a.mov(__[rbx], rcx);
            if (flushesAll)
            {
                a.mov(rcx, cr3);
                a.mov(cr3, rcx);
            }
            else
            {
                a.invlpg(__[Window]);
            }

            a.Label(ref stay);
            a.ret();
        });

        // What a call returns to is linked to what follows by the second run.
        foreach (ulong remaps in (ReadOnlySpan<ulong>)[0, 0, 0, 1])
        {
            _machine.State->Gpr[6] = remaps;
            _machine.Run(Window);
            Assert.Equal(1 + remaps, _machine.State->Gpr[0]);
        }
    }

    [Fact]
    public void Code_that_is_rewritten_during_a_call_runs_as_it_is_then()
    {
        for (int run = 1; run <= 3; run++)
        {
            int value = run;
            _machine.Run(a =>
            {
                Label function = a.CreateLabel();
                Label after = a.CreateLabel();
                a.mov(ecx, 10 * value);
                a.call(function);
                a.Label(ref after);
                a.mov(eax, 1);
                a.@out(TestBus.StopPort, al);
                a.Label(ref function);
                a.lea(rbx, __[after]);
                a.mov(__[rbx + 1], ecx);
                a.ret();
            });

            Assert.Equal(10UL * (ulong)run, _machine.State->Gpr[0]);
        }
    }

    [Fact]
    public void Code_after_a_call_runs_in_the_mode_that_the_call_leaves()
    {
        PrepareUserPage();

        _machine.Run(a =>
        {
            Label enable = a.CreateLabel();
            Label disable = a.CreateLabel();
            Label loop = a.CreateLabel();
            a.mov(ecx, 3);
            a.xor(eax, eax);
            a.Label(ref loop);
            a.call(enable);
            a.add(eax, __dword_ptr[CodeMachine.Data]);
            a.call(disable);
            a.dec(ecx);
            a.jne(loop);
            a.mov(ebx, 5);
            a.mov(edx, __dword_ptr[CodeMachine.Data]);
            a.mov(ebx, 6);
            a.@out(TestBus.StopPort, al);
            a.Label(ref enable);
            a.stac();
            a.ret();
            a.Label(ref disable);
            a.clac();
            a.ret();
        });

        _machine.Caught(14);
        Assert.Equal((3UL * 7, 5UL), (_machine.State->Gpr[0], _machine.State->Gpr[3]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_call_that_changes_the_mode_does_not_return_to_code_of_the_other(bool opens)
    {
        const ulong KernelPage = CodeMachine.Data + 0x1000;
        PrepareUserPage();
        _machine.At<uint>(KernelPage) = 100;

        _machine.Run(a =>
        {
            Label function = a.CreateLabel();
            Label leave = a.CreateLabel();
            Label again = a.CreateLabel();
            if (!opens)
                a.stac();
            a.xor(eax, eax);
            a.xor(esi, esi);
            a.mov(ecx, 4);
            a.mov(ebx, (uint)(opens ? KernelPage : CodeMachine.Data));
            a.Label(ref again);
            a.call(function);
            a.add(eax, __dword_ptr[rbx]);
            a.dec(ecx);
            a.jne(again);

            // The fourth time is over: once more, with the other mode and the user's page.
            a.inc(esi);
            a.mov(ecx, 1);
            a.mov(ebx, (uint)CodeMachine.Data);
            a.cmp(esi, 1);
            a.je(again);
            a.@out(TestBus.StopPort, al);
            a.Label(ref function);
            a.test(esi, esi);
            a.je(leave);
            if (opens)
                a.stac();
            else
                a.clac();
            a.Label(ref leave);
            a.ret();
        });

        if (!opens)
            _machine.Caught(14);
        Assert.Equal(opens ? 407UL : 28UL, _machine.State->Gpr[0]);
    }

    [Fact]
    public void A_call_around_an_access_to_user_memory_returns()
    {
        PrepareUserPage();

        _machine.Run(a =>
        {
            Label outer = a.CreateLabel();
            Label inner = a.CreateLabel();
            Label loop = a.CreateLabel();
            a.mov(ecx, 100);
            a.xor(eax, eax);
            a.Label(ref loop);
            a.call(outer);
            a.dec(ecx);
            a.jne(loop);
            a.@out(TestBus.StopPort, al);
            a.Label(ref outer);
            a.stac();
            a.call(inner);
            a.clac();
            a.ret();
            a.Label(ref inner);
            a.add(eax, __dword_ptr[CodeMachine.Data]);
            a.ret();
        });

        Assert.Equal(100UL * 7, _machine.State->Gpr[0]);
    }

    [Fact]
    public void Calls_and_returns_alone_look_for_a_kick()
    {
        const int Levels = 60;
        _machine.Assemble(CodeMachine.Code, a =>
        {
            Label[] levels = [.. Enumerable.Range(0, Levels).Select(_ => a.CreateLabel())];
            for (int i = 0; i < Levels - 1; i++)
            {
                a.Label(ref levels[i]);
                a.call(levels[i + 1]);
                a.call(levels[i + 1]);
                a.ret();
            }

            a.Label(ref levels[^1]);
            a.ret();
        });
        _machine.State->Rip = CodeMachine.Code;
        using var kick = new Timer(_ => _machine.Vcpu.Kick(), null, 200, Timeout.Infinite);

        // All calls go ahead, so that they take two to the sixtieth steps without one jump back.
        var run = new Thread(() => _machine.Vcpu.Run(_machine.Bus)) { IsBackground = true };
        run.Start();

        Assert.True(run.Join(TimeSpan.FromSeconds(20)), "the vCPU does not look for a kick");
    }

    [Theory]
    [InlineData("ret")]
    [InlineData("jmp")]
    [InlineData("jcc")]
    [InlineData("call")]
    public void An_interrupt_is_taken_right_after_sti_and_a_jump_ahead(string jump)
    {
        const int Vector = 0x55;
        const int Runs = 100;
        _machine.Assemble(CodeMachine.Code, a =>
        {
            Label again = a.CreateLabel();
            Label function = a.CreateLabel();
            Label after = a.CreateLabel();
            a.mov(ecx, 2_000_000);
            a.Label(ref again);
            switch (jump)
            {
                case "ret":
                    a.call(function);
                    break;
                case "jmp":
                    a.sti();
                    a.jmp(after);
                    break;
                case "jcc":
                    a.test(ecx, ecx);
                    a.sti();
                    a.je(function);
                    break;
                default:
                    a.sti();
                    a.call(function);
                    break;
            }

            a.Label(ref after);
            a.cli();
            a.dec(ecx);
            a.jne(again);
            a.@out(TestBus.StopPort, al);
            a.Label(ref function);
            if (jump == "ret")
                a.sti();
            else
                a.nop();
            a.ret();
        });
        _machine.Run(CodeMachine.Code);
        Assert.Equal(0UL, _machine.State->Gpr[1]);

        using var raise = new Timer(_ => _machine.Apic.Raise(Vector), null, 5, Timeout.Infinite);
        for (int i = 0; i < Runs && _machine.State->Rip != CodeMachine.HandlerOf(Vector) + 2; i++)
            _machine.Run(CodeMachine.Code);

        Assert.Equal(CodeMachine.HandlerOf(Vector) + 2, _machine.State->Rip);
        Assert.NotEqual(0UL, _machine.State->Gpr[1]);
    }

    [Fact]
    public void A_call_at_the_end_of_the_lower_half_returns_to_no_address()
    {
        const ulong Last = 0x7FFF_FFFF_F000;
        ulong call = Last + 4096 - 5;
        ulong target = Last + 0x100;
        _machine.At<ulong>(CodeMachine.Root + (255 * 8)) = 0x70_0000 | CodeMachine.Present | CodeMachine.Writable;
        _machine.At<ulong>(0x70_0000 + (511 * 8)) = 0x70_1000 | CodeMachine.Present | CodeMachine.Writable;
        _machine.At<ulong>(0x70_1000 + (511 * 8)) = 0x70_2000 | CodeMachine.Present | CodeMachine.Writable;
        _machine.At<ulong>(0x70_2000 + (511 * 8)) = 0x71_0000 | CodeMachine.Present | CodeMachine.Writable;
        _machine.Assemble(0x71_0000 + 4096 - 5, a => a.call(target), call);
        _machine.Assemble(0x71_0100, a => a.ret(), target);

        _machine.Run(call);

        ExceptionFrame frame = _machine.Caught(13);
        Assert.Equal((target, CodeMachine.StackOf(0) - 8), (frame.Rip, frame.Rsp));
    }

    private void PrepareUserPage()
    {
        for (ulong table = CodeMachine.Root; table <= 0x3000; table += 0x1000)
            _machine.At<ulong>(table + (table == 0x3000 ? 8UL : 0)) |= User;
        _machine.Entry(CodeMachine.Data) |= User;
        _machine.At<uint>(CodeMachine.Data) = 7;
        _machine.State->Cr4 |= ControlRegister.Cr4Smap;
        ModeState.Update(_machine.State);
    }

    /// <summary>The guest-physical address of the page-table entry of a linear address.</summary>
    private long Entry(ulong linear)
    {
        fixed (ulong* entry = &_machine.Entry(linear))
            return (byte*)entry - _machine.Ram.HostAddress(0);
    }
}
