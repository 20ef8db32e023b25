using Hearth.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>The state of a vCPU goes from one engine to the other, and nothing is lost.</summary>
public sealed class StateContractTests
{
    public static TheoryData<EngineKind, EngineKind> Ways => new()
    {
        { EngineKind.Software, EngineKind.Software },
        { EngineKind.Software, EngineKind.Kvm },
        { EngineKind.Kvm, EngineKind.Software },
        { EngineKind.Kvm, EngineKind.Kvm },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void State_comes_back_as_it_was(EngineKind first, EngineKind second)
    {
        using var from = new EngineMachine(first);
        using var to = new EngineMachine(second);
        from.Run(FillRegisters);
        CpuState state = from.Vcpu.Save();

        // Not by the guest: to run one with breakpoints wedges the emulated processor of the proving ground.
        ((ReadOnlySpan<ulong>)[0xFFF, 0x1234_5678, 0xFFFF_8000_0000_0000, 8, 0xFFFF_4FF1, 0xD_0402]).CopyTo(state.DebugRegisters);

        to.Vcpu.Restore(Copy(state));

        Assert.Equal(Written(state), Written(to.Vcpu.Save()));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Program_goes_on_where_it_was_stopped(EngineKind first, EngineKind second)
    {
        const int Rounds = 200_000;
        using var from = new EngineMachine(first);
        using var to = new EngineMachine(second);
        Action<Assembler> program = a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ecx, Rounds);
            a.xor(eax, eax);
            a.xorps(xmm0, xmm0);
            a.mov(r8d, 1);
            a.Label(ref loop);
            a.imul(rax, rax, 31);
            a.add(rax, rcx);
            a.cvtsi2sd(xmm1, ecx);
            a.addsd(xmm0, xmm1);
            a.dec(ecx);
            a.jnz(loop);
            a.movq(rbx, xmm0);
            EngineMachine.Stop(a);
        };
        from.Assemble(program);
        to.Assemble(program);
        from.Start(0);

        // Not told by its counter: between the last round and the end there are instructions, too.
        bool hasEnded = false;
        from.Buses[0].Stop = () =>
        {
            hasEnded = true;
            from.Vcpu.Kick();
        };

        // Kicked again and again, so that the second gets it in the middle, or at its end where the first is fast.
        using var kick = new Timer(_ => from.Vcpu.Kick(), null, 2, 2);
        do
        {
            from.Vcpu.Run(from.Buses[0]);
        }
        while (from.Vcpu.Save().Rip == EngineMachine.Code);
        to.Vcpu.Restore(Copy(from.Vcpu.Save()));
        if (!hasEnded)
            to.Continue();

        ulong expected = 0;
        for (uint i = Rounds; i > 0; i--)
            expected = (expected * 31) + i;
        CpuState end = to.Vcpu.Save();
        Assert.Equal((expected, BitConverter.DoubleToUInt64Bits(Rounds * (Rounds + 1.0) / 2)), (end.Registers[0], end.Registers[3]));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Local_apic_comes_back_as_it_was(EngineKind first, EngineKind second)
    {
        const int Count = 0x7000_0000;
        const long Divisor = 128;
        const long Slack = 20_000_000_000; // The machines' clocks did not begin together.
        using var from = new EngineMachine(first);
        using var to = new EngineMachine(second);
        from.Run(a =>
        {
            a.mov(rbx, 0xFEE0_0000);
            a.mov(__dword_ptr[rbx + 0xF0], 0x1FF);
            a.mov(__dword_ptr[rbx + 0xD0], 0x0200_0000);
            a.mov(__dword_ptr[rbx + 0x80], 0x20);
            a.mov(__dword_ptr[rbx + 0x320], 0x10061 | (1 << 17));
            a.mov(__dword_ptr[rbx + 0x350], 0x10700);
            a.mov(__dword_ptr[rbx + 0x360], 0x400);
            a.mov(__dword_ptr[rbx + 0x370], 0xFE);
            a.mov(__dword_ptr[rbx + 0x3E0], 0xA);
            a.mov(__dword_ptr[rbx + 0x380], Count);
            a.mov(__dword_ptr[rbx + 0x310], 0x0300_0000);
        });
        from.Interrupts.Messages.Send(0xFEE0_0000, 0x51);
        from.Interrupts.Messages.Send(0xFEE0_0000, 0xC051);
        from.Interrupts.Messages.Send(0xFEE0_0000, 0x93);
        LocalApicState state = from.SaveApic();

        to.RestoreApic(state);
        LocalApicState restored = to.SaveApic();

        Assert.Equal(state.Base, restored.Base);
        Assert.Equal(state.VectorTable, restored.VectorTable);
        Assert.Equal((state.Requests, state.InService, state.LevelTriggered), (restored.Requests, restored.InService, restored.LevelTriggered), Same);
        Assert.Equal(
            (state.SpuriousVector, state.LogicalDestination, state.TaskPriority, state.InitialCount, state.DivideConfiguration, state.TimerMode),
            (restored.SpuriousVector, restored.LogicalDestination, restored.TaskPriority, restored.InitialCount, restored.DivideConfiguration, restored.TimerMode));
        Assert.Equal(1UL << (0x51 & 63), state.Requests[1]);
        Assert.InRange(restored.TimerDue - to.Clock.Now, (Count * Divisor) - Slack, (Count * Divisor) + Slack);
    }

    /// <summary>Behind STI, and behind MOV SS with interrupts off, as in every boot.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public void Interrupt_shadow_comes_back_with_interrupts_on_and_off(EngineKind first, EngineKind second)
    {
        const ulong InterruptsOn = 1 << 9;
        using var from = new EngineMachine(first);
        using var to = new EngineMachine(second);
        from.Run(a => a.nop());
        CpuState state = from.Vcpu.Save();
        state.InterruptShadow = true;

        bool[] shadows =
        [
            .. ((ulong[])[state.Rflags | InterruptsOn, state.Rflags & ~InterruptsOn]).Select(flags =>
            {
                state.Rflags = flags;
                to.Vcpu.Restore(Copy(state));
                return to.Vcpu.Save().InterruptShadow;
            }),
        ];

        Assert.Equal([true, true], shadows);
    }

    /// <summary>Its target had stopped already, as one has while the machine is saved in the middle of a boot.</summary>
    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Startup_message_to_a_vcpu_that_has_stopped_is_in_its_state(EngineKind kind)
    {
        const int ApicBase = unchecked((int)0xFEE0_0000);
        using var machine = new EngineMachine(kind, 2);
        machine.Run(a =>
        {
            a.mov(ebx, ApicBase);
            a.mov(__dword_ptr[rbx + 0x310], 1 << 24);
            a.mov(__dword_ptr[rbx + 0x300], 0x4500);
            a.mov(__dword_ptr[rbx + 0x300], 0x4612);
        });

        // As the machine does with every vCPU before it is saved.
        machine.Vcpus[1].Kick();
        machine.Vcpus[1].Run(machine.Buses[1]);
        CpuState state = machine.Vcpus[1].Save();

        Assert.Equal((VcpuActivity.Running, 0UL, 0x1_2000UL), (state.Activity, state.Rip, state[SegmentName.CS].Base));
    }

    [Fact]
    public void Both_engines_begin_alike()
    {
        using var software = new EngineMachine(EngineKind.Software, 2);
        using var kvm = new EngineMachine(EngineKind.Kvm, 2);
        foreach (IVcpu vcpu in software.Vcpus.Concat(kvm.Vcpus))
            vcpu.Reset();

        for (int index = 0; index < 2; index++)
            Assert.Equal(Written(software.Vcpus[index].Save()), Written(kvm.Vcpus[index].Save()));
        Assert.Equal(Bytes(software.SaveApic()), Bytes(kvm.SaveApic()));
    }

    [Fact]
    public void Model_that_the_host_cannot_give_is_refused_by_its_features()
    {
        Hosts.RequireDevice();
        using KvmDevice device = KvmDevice.Open();
        CpuModel? model = CpuModel.All.FirstOrDefault(model => device.Missing(model).Count > 0);
        Assert.SkipWhen(model is null, "this host's KVM gives every model");

        var error = Assert.Throws<MachineException>(() => new EngineMachine(EngineKind.Kvm, 1, model).Dispose());

        Assert.Contains(device.Missing(model!)[0], error.Message, StringComparison.Ordinal);
    }

    private static bool Same((ulong[], ulong[], ulong[]) a, (ulong[], ulong[], ulong[]) b) =>
        a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2) && a.Item3.SequenceEqual(b.Item3);

    private static byte[] Bytes(LocalApicState state)
    {
        var writer = new StateWriter();
        state.Save(writer);
        return writer.Written.ToArray();
    }

    /// <summary>Through the saved form, as a state really goes.</summary>
    private static CpuState Copy(CpuState state)
    {
        var writer = new StateWriter();
        state.Save(writer);
        return CpuState.Load(new StateReader("vcpu", writer.Written.ToArray()));
    }

    /// <summary>All of a state but its time, as text for the message.</summary>
    private static string Written(CpuState state)
    {
        string segments = string.Join(' ', state.Segments.Select(segment => $"{segment}"));
        string msrs = string.Join(' ', state.Msrs.Select(msr => $"{msr.Key:x}={msr.Value:x}"));
        return $"""
            {string.Join(' ', state.Registers.Select(value => $"{value:x}"))} {state.Rip:x} {state.Rflags:x}
            {segments}
            {state.Gdtr} {state.Idtr}
            {state.Cr0:x} {state.Cr2:x} {state.Cr3:x} {state.Cr4:x} {state.Efer:x} {state.Xcr0:x}
            {string.Join(' ', state.DebugRegisters.Select(value => $"{value:x}"))}
            {Convert.ToHexString(state.Xsave[..416])} {Convert.ToHexString(state.Xsave[576..])}
            {msrs}
            {state.Activity} {state.InterruptShadow} {state.NmiBlocked} {state.NmiPending} {state.Pending}
            """;
    }

    private static void FillRegisters(Assembler a)
    {
        void Set(uint msr, ulong value)
        {
            a.mov(ecx, msr);
            a.mov(eax, (uint)value);
            a.mov(edx, (uint)(value >> 32));
            a.wrmsr();
        }

        Set(Msr.Lstar, 0xFFFF_8000_1234_5678);
        Set(Msr.Star, 0x0010_0008_0000_0000);
        Set(Msr.SyscallMask, 0x4_7700);
        Set(Msr.KernelGsBase, 0x7FFF_1234_5000);
        Set(Msr.GsBase, 0x1234_5000);
        Set(Msr.SysenterEip, 0xFFFF_FFFF_8000_0000);
        Set(Msr.TscAux, 5);
        Set(Msr.Pat, 0x0407_0506_0007_0106);
        Set(Msr.KvmSystemTime, (EngineMachine.Data + 0x800) | 1);
        Set(Msr.KvmEndOfInterrupt, (EngineMachine.Data + 0x840) | 1);
        a.mov(rax, 0x1122_3344_5566_7788);
        a.movq(xmm0, rax);
        a.movq(xmm15, rax);
        a.fld1();
        a.fldpi();
        a.mov(__dword_ptr[EngineMachine.Data], 0x1FA0);
        a.ldmxcsr(__dword_ptr[EngineMachine.Data]);
        AssemblerRegister64[] registers = [rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15];
        for (int i = 0; i < registers.Length; i++)
            a.mov(registers[i], 0x0101_0101_0101_0101 * (i + 1));
        a.std();
        a.stc();
    }
}
