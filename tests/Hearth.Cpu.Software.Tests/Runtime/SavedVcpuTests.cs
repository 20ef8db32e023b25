using Hearth.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Save, restore and reset between any two instructions; signals that wait belong to the state.</summary>
public sealed unsafe class SavedVcpuTests : IDisposable
{
    private const ulong Window = 0x50_0000;
    private const ulong First = 0x40_0000;
    private const ulong Second = 0x41_0000;

    private readonly CodeMachine _machine = new(vcpus: 2);
    private readonly CodeMachine _other = new(vcpus: 2);

    public void Dispose()
    {
        _machine.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void A_loop_goes_on_in_another_engine_with_all_its_registers()
    {
        Action<Assembler> program = a =>
        {
            Label loop = a.CreateLabel();
            a.mov(r14d, 100);
            a.xor(r15d, r15d);
            a.fldz();
            a.vpcmpeqd(ymm7, ymm7, ymm7);
            a.vpxor(ymm6, ymm6, ymm6);
            a.Label(ref loop);
            a.add(r15, r14);
            a.fld1();
            a.faddp(st1, st0);
            a.vpsubd(ymm6, ymm6, ymm7);
            a.@out(TestBus.CallPort, al);
            a.dec(r14d);
            a.jne(loop);
            a.fistp(__qword_ptr[CodeMachine.Data]);
            a.vmovdqu(__[CodeMachine.Data + 32], ymm6);
            a.@out(TestBus.StopPort, al);
        };
        _machine.Assemble(CodeMachine.Code, program);
        _other.Assemble(CodeMachine.Code, program);
        CodeMachine[] machines = [_machine, _other];
        Array.ForEach(machines, machine => machine.Bus.Called = machine.Vcpu.Kick);
        _machine.Run();

        // Each stop hands the vCPU over to the other machine; the last one is at the end.
        for (int stop = 1; stop <= 100; stop++)
        {
            CpuState saved = machines[(stop + 1) % 2].Vcpu.Save();
            machines[stop % 2].Vcpu.Restore(saved);
            machines[stop % 2].Continue();
        }

        Assert.Equal(5050UL, _machine.State->Gpr[15]);
        Assert.Equal(100UL, _machine.At<ulong>(CodeMachine.Data));
        Assert.Equal(100U, _machine.At<uint>(CodeMachine.Data + 60));
    }

    [Fact]
    public void A_saved_state_tells_nothing_of_host_addresses()
    {
        _machine.Run(a =>
        {
            a.fld1();
            a.fstp(__qword_ptr[CodeMachine.Data]);
            a.@out(TestBus.StopPort, al);
        });

        CpuState saved = _machine.Vcpu.Save();

        // FOP, FIP and FDP (Intel SDM Vol. 1, table 10-2).
        Assert.All(saved.Xsave[6..24], value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_restore_forgets_where_pages_were()
    {
        _machine.Assemble(First, a => { a.mov(eax, 1); a.ret(); }, Window);
        _machine.Assemble(Second, a => { a.mov(eax, 2); a.ret(); }, Window);
        _machine.At<ulong>(First + 0x100) = 11;
        _machine.At<ulong>(Second + 0x100) = 22;
        _machine.Map(Window, First);
        _machine.Assemble(CodeMachine.Code, a =>
        {
            a.mov(ebx, (uint)Window);
            a.call(rbx);
            a.mov(rdx, __[rbx + 0x100]);
            a.@out(TestBus.StopPort, al);
        });
        CpuState before = _machine.Vcpu.Save();
        _machine.Run();
        _machine.Map(Window, Second);

        _machine.Vcpu.Restore(before);
        _machine.Run();

        Assert.Equal((2UL, 22UL), (_machine.State->Gpr[0], _machine.State->Gpr[2]));
    }

    [Fact]
    public void A_start_up_that_was_sent_before_the_save_is_saved()
    {
        _machine[1].Reset();
        _machine[1].StartUp(0x12);

        CpuState saved = _machine[1].Save();

        Assert.Equal((VcpuActivity.Running, 0x1_2000UL, 0UL), (saved.Activity, saved[SegmentName.CS].Base, saved.Rip));
    }

    [Fact]
    public void An_nmi_that_was_sent_before_the_save_is_saved()
    {
        _machine.Vcpu.NonMaskableInterrupt();

        Assert.True(_machine.Vcpu.Save().NmiPending);
        Assert.True(_machine.Vcpu.Save().NmiPending);
    }

    [Fact]
    public void A_restored_nmi_arrives()
    {
        CpuState state = _machine.Vcpu.Save();
        state.NmiPending = true;
        _machine.Assemble(CodeMachine.Code, WaitForever);

        _machine.Vcpu.Restore(state);
        _machine.Run();

        _machine.Caught(2);
    }

    [Fact]
    public void Signals_from_before_a_restore_are_gone()
    {
        CpuState state = _machine.Vcpu.Save();
        _machine.Vcpu.NonMaskableInterrupt();
        _machine.Vcpu.Init();
        _machine.Assemble(CodeMachine.Code, a => a.@out(TestBus.StopPort, al));

        _machine.Vcpu.Restore(state);
        _machine.Run();

        Assert.Equal(CodeMachine.Code + 2, _machine.State->Rip);
    }

    [Fact]
    public void Signals_from_before_a_reset_are_gone()
    {
        _machine[1].StartUp(0x12);
        _machine[1].NonMaskableInterrupt();

        _machine[1].Reset();
        _machine[1].Kick();
        _machine[1].Run(_machine.Buses[1]);

        Assert.Equal((byte)VcpuActivity.WaitForSipi, _machine[1].State->Activity);
        Assert.False(_machine[1].Save().NmiPending);
    }

    [Fact]
    public void Init_and_start_up_begin_in_real_mode()
    {
        _machine.Assemble(CodeMachine.Code, WaitForever);
        byte[] code = RealModeCode(a =>
        {
            a.mov(ax, 0x1234);
            a.mov(__word_ptr[0x8000], ax);
        });
        Assert.True(_machine.Ram.TryWrite(new GuestAddress(0x1_2000), code));
        _machine.Bus.Called = () => { };
        var vcpu = new Thread(() => _machine.Run(CodeMachine.Code, index: 1)) { IsBackground = true };
        vcpu.Start();

        _machine[1].Init();
        _machine[1].StartUp(0x12);

        Assert.True(vcpu.Join(20_000), "the vCPU did not stop");
        Assert.Equal((ushort)0x1234, _machine.At<ushort>(0x8000));
    }

    /// <summary>BIOS and boot sector, as all real-mode programs, have code at the same instruction pointers in their segments.</summary>
    [Fact]
    public void Segments_of_real_mode_have_code_of_their_own()
    {
        const byte RealModeSegment = 0x12;
        _machine.Assemble(CodeMachine.Code, WaitForever);
        byte[] code = RealModeCode(a =>
        {
            for (int round = 0; round < 3; round++)
            {
                a.db(0x9A, 0x00, 0x01, 0x00, 0x13); // CALL 1300:0100
                a.db(0x9A, 0x00, 0x01, 0x00, 0x14); // CALL 1400:0100
            }

            a.mov(__word_ptr[0x8000], bx);
        });
        Assert.True(_machine.Ram.TryWrite(new GuestAddress(0x1_2000), code));
        Assert.True(_machine.Ram.TryWrite(new GuestAddress(0x1_3100), RealModeCode(a => { a.add(bx, 0x01); a.retf(); })));
        Assert.True(_machine.Ram.TryWrite(new GuestAddress(0x1_4100), RealModeCode(a => { a.add(bx, 0x10); a.retf(); })));
        _machine[1].Init();
        _machine[1].StartUp(RealModeSegment);

        _machine.Continue(index: 1);

        Assert.Equal((ushort)0x33, _machine.At<ushort>(0x8000));
    }

    [Fact]
    public void A_triple_fault_ends_the_run_even_when_a_kick_came_first()
    {
        _machine.State->IdtrLimit = 0;
        _machine.State->Rip = CodeMachine.Code;
        _machine.Assemble(CodeMachine.Code, WaitForever);
        _machine.Vcpu.NonMaskableInterrupt();
        _machine.Vcpu.Kick();

        VcpuExit exit = _machine.Vcpu.Run(_machine.Bus);

        Assert.Equal(VcpuExitReason.Shutdown, exit.Reason);
    }

    [Fact]
    public void A_kick_from_before_the_run_ends_it_at_its_start()
    {
        _machine.Assemble(CodeMachine.Code, WaitForever);
        _machine.Vcpu.Kick();

        _machine.Run();

        Assert.Equal(CodeMachine.Code, _machine.State->Rip);
    }

    [Fact]
    public void Signals_may_come_while_a_vcpu_is_disposed_of()
    {
        for (int round = 0; round < 20; round++)
        {
            using var machine = new CodeMachine();
            SoftwareVcpu vcpu = machine.Vcpu;
            bool started = false;
            bool stop = false;
            var sender = new Thread(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    vcpu.InterruptChanged();
                    Volatile.Write(ref started, true);
                }
            });
            sender.Start();
            SpinWait.SpinUntil(() => Volatile.Read(ref started), 10_000);

            vcpu.Dispose();

            Thread.Sleep(1);
            Volatile.Write(ref stop, true);
            sender.Join();
        }
    }

    [Fact]
    public void Code_changes_after_another_vcpu_was_disposed_of()
    {
        _machine[1].Dispose();

        _machine.Run(a =>
        {
            Label patched = a.CreateLabel();
            a.lea(rdi, __[patched]);
            a.mov(__dword_ptr[rdi + 1], 42);
            a.@lock.inc(__qword_ptr[CodeMachine.Data + 0xFFC]);
            a.Label(ref patched);
            a.mov(eax, 7);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(42UL, _machine.State->Gpr[0]);
    }

    private static void WaitForever(Assembler a)
    {
        Label wait = a.CreateLabel();
        a.Label(ref wait);
        a.jmp(wait);
    }

    /// <summary>Code that stops at its end.</summary>
    private static byte[] RealModeCode(Action<Assembler> body)
    {
        var assembler = new Assembler(16);
        body(assembler);
        assembler.@out(TestBus.StopPort, al);
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }
}
