using Hearth.Machine;
using Hearth.Testing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>Interrupts of every origin reach the guest of every engine.</summary>
public sealed class InterruptContractTests
{
    private const ulong ApicPage = 0xFEE0_0000;
    private const ulong IoApic = 0xFEC0_0000;
    private const int Vector = 0x51;

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Message_wakes_a_halted_vcpu(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        using var sender = new Timer(_ => machine.Interrupts.Messages.Send(0xFEE0_0000, Vector), null, 50, 50);

        machine.Run(a =>
        {
            EnableApic(a);
            a.sti();
            a.hlt();
            a.cli();
        });

        Assert.Equal([(AccessWidth.Dword, (ulong)Vector)], machine.Written);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Message_waits_until_interrupts_are_allowed(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Run(EnableApic);
        machine.Interrupts.Messages.Send(0xFEE0_0000, Vector);

        machine.Run(a =>
        {
            Output(a, 1);
            a.sti();
            a.nop();
            a.cli();
            Output(a, 2);
        });

        Assert.Equal([1UL, Vector, 2UL], machine.Written.Select(written => written.Value));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Interrupt_of_the_pic_wakes_a_halted_vcpu(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        IInterruptLine line = machine.Interrupts.Line(3);

        // Where everything is slow the first edges come before the controller is ready for them.
        using var sender = new Timer(
            _ =>
            {
                line.Set(false);
                line.Set(true);
            },
            null, 50, 50);

        machine.Run(a =>
        {
            EngineMachine.InitializePic(a);
            a.sti();
            a.hlt();
            a.cli();
        });

        Assert.Equal([0x33UL], machine.Written.Select(written => written.Value));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Interrupt_of_the_pic_waits_until_interrupts_are_allowed(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        IInterruptLine line = machine.Interrupts.Line(3);
        machine.Run(EngineMachine.InitializePic);
        line.Set(true);

        machine.Run(a =>
        {
            Output(a, 1);
            a.sti();
            a.nop();
            a.nop();
            a.cli();
            Output(a, 2);
        });

        Assert.Equal([1UL, 0x33, 2UL], machine.Written.Select(written => written.Value));
    }

    /// <summary>The first since the state was set: the vCPU has to find out whether it takes one now, with the instruction half done.</summary>
    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Interrupt_of_the_pic_in_the_middle_of_a_string_loses_none_of_it(EngineKind kind)
    {
        const int Count = 16;
        using var machine = new EngineMachine(kind);
        IInterruptLine line = machine.Interrupts.Line(3);
        machine.Run(EngineMachine.InitializePic);
        int reads = 0;
        machine.Buses[0].Answers = () =>
        {
            if (++reads == 5)
                line.Set(true);
            return (ulong)reads;
        };

        machine.Run(a =>
        {
            a.mov(rsi, GuestBus.Register);
            a.mov(rdi, EngineMachine.Data);
            a.mov(ecx, Count);
            a.cld();
            a.rep.movsd();
        });

        var copied = new byte[Count * sizeof(uint)];
        Assert.True(machine.Ram.TryRead(new GuestAddress(EngineMachine.Data), copied));
        Assert.Equal(Enumerable.Range(1, Count), Enumerable.Range(0, Count).Select(i => BitConverter.ToInt32(copied, i * sizeof(uint))));
        Assert.Equal(Count, reads);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Interrupt_of_the_pic_is_taken_after_the_state_was_moved(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        IInterruptLine line = machine.Interrupts.Line(3);
        machine.Run(a =>
        {
            EngineMachine.InitializePic(a);
            a.sti();
            EngineMachine.Stop(a);
        });
        line.Set(true);

        machine.Vcpu.Restore(machine.Vcpu.Save());
        machine.Continue();

        Assert.Equal([0x33UL], machine.Written.Select(written => written.Value));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Level_on_the_ioapic_comes_again_until_it_ends(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        IInterruptLine line = machine.Interrupts.Line(20);
        line.Set(true);

        machine.Run(a =>
        {
            EnableApic(a);
            WriteEntry(a, 20, Vector | (1 << 15));
            for (int i = 0; i < 3; i++)
            {
                a.sti();
                a.nop();
                a.nop();
                a.cli();
                EndOfInterrupt(a);
            }
        });
        int asserted = machine.Written.Count;
        line.Set(false);
        machine.Run(a =>
        {
            // The one that the last end of interrupt sent.
            a.sti();
            a.nop();
            a.nop();
            a.cli();
            EndOfInterrupt(a);
            a.sti();
            a.nop();
            a.nop();
            a.cli();
        });

        Assert.Equal((3, 4), (asserted, machine.Written.Count));
        Assert.All(machine.Written, written => Assert.Equal((ulong)Vector, written.Value));
    }

    /// <summary>As when a vCPU is stopped between its end of interrupt, which the kernel notes, and the exit that tells it.</summary>
    [Fact]
    public void End_that_the_kernel_did_not_tell_is_caught_up_with()
    {
        using var machine = new EngineMachine(EngineKind.Kvm);
        machine.Interrupts.Line(20).Set(true);
        machine.Run(a =>
        {
            EnableApic(a);
            WriteEntry(a, 20, Vector | (1 << 15));
            a.sti();
            a.nop();
            a.nop();
            a.cli();
        });
        machine.Interrupts.Settle();
        int served = machine.Written.Count;
        LocalApicState state = machine.SaveApic();
        ulong inService = state.InService[Vector >> 6];
        state.InService[Vector >> 6] = 0;
        machine.RestoreApic(state);

        machine.Interrupts.Settle();

        machine.Run(a =>
        {
            a.sti();
            a.nop();
            a.nop();
            a.cli();
        });
        Assert.Equal((1UL << (Vector & 63), 1, 2), (inService, served, machine.Written.Count));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Edges_that_are_counted_all_come(EngineKind kind)
    {
        const int Edges = 5;
        using var machine = new EngineMachine(kind);
        IEdgeLine line = machine.Interrupts.Line(8);
        machine.Run(a =>
        {
            MaskPic(a);
            EnableApic(a);
            WriteEntry(a, 8, Vector);
        });
        for (int i = 0; i < Edges; i++)
            line.Pulse(1, 100);

        machine.Run(a =>
        {
            for (int i = 0; i < Edges + 2; i++)
            {
                a.sti();
                a.nop();
                a.nop();
                a.cli();
                EndOfInterrupt(a);
            }
        });

        Assert.Equal(Enumerable.Repeat((ulong)Vector, Edges), machine.Written.Select(written => written.Value));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Second_vcpu_starts_where_the_first_sends_it(EngineKind kind)
    {
        using var machine = new EngineMachine(kind, 2);
        ReadOnlySpan<byte> start =
        [
            0xBA, 0xF0, 0x02, // mov dx, 2F0h
            0xB0, 0x77, // mov al, 77h
            0xEE, // out dx, al
            0xE6, 0xF4, // out F4h, al
            0xF4, // hlt
        ];
        machine.Ram.TryWrite(new GuestAddress(0x4_0000), start.ToArray());
        machine.Vcpus[1].Reset();
        var second = new Thread(() => machine.Continue(1));
        second.Start();

        machine.Run(a =>
        {
            EnableApic(a);
            SendCommand(a, 0x4500); // INIT
            SendCommand(a, 0x4640); // SIPI to 0x40000
        });
        second.Join();

        Assert.Equal([(AccessWidth.Byte, 0x77UL)], machine.Buses[1].Written);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Timer_by_tsc_deadline_fires(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);

        machine.Run(a =>
        {
            EnableApic(a);
            a.mov(__dword_ptr[rbx + 0x320], Vector | (2 << 17));
            a.mfence();
            a.rdtsc();
            a.add(eax, 1_000_000);
            a.adc(edx, 0);
            a.mov(ecx, Msr.TscDeadline);
            a.wrmsr();
            a.sti();
            a.hlt();
            a.cli();
        });

        Assert.Equal([(AccessWidth.Dword, (ulong)Vector)], machine.Written);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Event_that_waits_in_a_state_is_delivered_first(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(a =>
        {
            Output(a, 1);
            EngineMachine.Stop(a);
        });
        machine.Start(0);
        CpuState state = machine.Vcpu.Save();
        state.Rflags |= 1 << 9;
        state.Pending = new PendingEvent(PendingEventKind.Interrupt, Vector);

        machine.Vcpu.Restore(state);
        PendingEvent kept = machine.Vcpu.Save().Pending;
        machine.Continue();

        Assert.Equal(state.Pending, kept);
        Assert.Equal([(ulong)Vector, 1UL], machine.Written.Select(written => written.Value));
    }

    /// <summary>Of the PIC, for which the vCPU is first asked when it takes one; of a level, which begins again at its end; and of edges that are counted.</summary>
    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Interrupts_allocate_nothing(EngineKind kind)
    {
        const int LevelVector = Vector - 0x10; // The one that never ends comes last.
        using var machine = new EngineMachine(kind);
        IInterruptLine pic = machine.Interrupts.Line(3);
        IEdgeLine counted = machine.Interrupts.Line(8);
        machine.Interrupts.Line(20).Set(true);
        machine.Run(a =>
        {
            Label again = a.CreateLabel();
            EngineMachine.InitializePic(a);
            EnableApic(a);
            WriteEntry(a, 8, Vector);
            WriteEntry(a, 20, LevelVector | (1 << 15));
            a.Label(ref again);
            EngineMachine.Stop(a);
            for (int i = 0; i < 20; i++)
            {
                a.sti();
                a.nop();
                a.nop();
                a.cli();
                EndOfInterrupt(a);
                a.mov(eax, 0x20);
                a.@out(0x20, al);
            }

            a.jmp(again);
        });

        long allocated = Allocations.Of(
            () => machine.Vcpu.Run(machine.Buses[0]),
            () =>
            {
                machine.Written.Clear();
                pic.Set(false);
                pic.Set(true);
                counted.Pulse(3, 100);
            });

        Assert.Equal(new ulong[] { 0x33, LevelVector, Vector }, machine.Written.Select(written => written.Value).Distinct().Order());
        Assert.Equal(0, allocated);
    }

    private static void Output(Assembler a, int value)
    {
        a.mov(edx, GuestBus.Port);
        a.mov(eax, value);
        a.@out(dx, eax);
    }

    /// <summary>Leaves the page's address in RBX.</summary>
    private static void EnableApic(Assembler a)
    {
        a.mov(rbx, ApicPage);
        a.mov(__dword_ptr[rbx + 0xF0], 0x1FF);
    }

    private static void EndOfInterrupt(Assembler a)
    {
        a.mov(rbx, ApicPage);
        a.mov(__dword_ptr[rbx + 0xB0], 0);
    }

    private static void SendCommand(Assembler a, int command)
    {
        a.mov(__dword_ptr[rbx + 0x310], 1 << 24);
        a.mov(__dword_ptr[rbx + 0x300], command);
    }

    private static void WriteEntry(Assembler a, int pin, int low)
    {
        a.mov(rbx, IoApic);
        a.mov(__dword_ptr[rbx], 0x11 + (2 * pin));
        a.mov(__dword_ptr[rbx + 0x10], 0);
        a.mov(__dword_ptr[rbx], 0x10 + (2 * pin));
        a.mov(__dword_ptr[rbx + 0x10], low);
        a.mov(rbx, ApicPage);
    }

    private static void MaskPic(Assembler a)
    {
        a.mov(eax, 0xFF);
        a.@out(0x21, al);
        a.@out(0xA1, al);
    }
}
