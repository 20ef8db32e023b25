namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class GatherInstructionsTests
{
    private const ulong Data = DataMachine.DataAddress;
    private const int AreaLength = 0x4000;

    /// <summary>VEX.66.0F38 opcode, W and L: the destination is register 1, the index 2, the mask 3; base RBX.</summary>
    public static TheoryData<byte, int, int> Forms
    {
        get
        {
            var forms = new TheoryData<byte, int, int>();
            foreach (byte opcode in (byte[])[0x90, 0x91, 0x92, 0x93])
            {
                foreach (int w in (int[])[0, 1])
                {
                    foreach (int l in (int[])[0, 1])
                        forms.Add(opcode, w, l);
                }
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Gather_with_random_masks_equals_the_host(byte opcode, int w, int l)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        byte[] code = Gather(opcode, w, l);
        host.Load(code);
        var random = new Random(opcode);
        for (int i = 0; i < 100; i++)
        {
            Prepare(host, machine, random, elements64: (opcode & 1) != 0);
            host.Run();
            machine.State->Rip = DataMachine.CodeAddress;

            StepResult result = machine.Run(code);

            Assert.Equal(StepResult.Continue, result);
            Assert.True(new ReadOnlySpan<byte>(machine.State->Ymm, 512).SequenceEqual(new ReadOnlySpan<byte>(host.Registers->Ymm, 512)));
        }
    }

    [Fact]
    public void Gather_that_faults_keeps_the_elements_done_and_goes_on()
    {
        using DataMachine machine = DataMachine.Long();
        uint* destination = (uint*)machine.State->Ymm + 8;
        uint* index = (uint*)machine.State->Ymm + 16;
        uint* mask = (uint*)machine.State->Ymm + 24;
        for (uint i = 0; i < 4; i++)
        {
            index[i] = i == 2 ? 0x400 : i;
            mask[i] = 0x8000_0000;
            machine.Write(Data + (i * 4), 0x50 + i, 4);
        }

        machine.Write(Data + 0x1000, 0x99, 4);
        machine.Unmap(Data + 0x1000);
        machine.Rbx = Data;
        byte[] code = Gather(0x90, 0, 0);

        StepResult first = machine.Run(code);
        uint[] maskAtFault = [mask[0], mask[1], mask[2], mask[3]];
        uint[] dataAtFault = [destination[0], destination[1]];

        Assert.Equal(StepResult.Fault, first);
        Assert.Equal(Data + 0x1000, machine.State->FaultAddress);
        Assert.Equal([0, 0, uint.MaxValue, uint.MaxValue], maskAtFault);
        Assert.Equal([0x50U, 0x51U], dataAtFault);
    }

    [Fact]
    public void Gather_under_single_step_that_faults_after_an_element_traps_first()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->SystemFlags |= Rflags.Trap;
        uint* index = (uint*)machine.State->Ymm + 16;
        uint* mask = (uint*)machine.State->Ymm + 24;
        (mask[0], mask[1]) = (0x8000_0000, 0x8000_0000);
        (index[0], index[1]) = (0, 0x400);
        machine.Unmap(Data + 0x1000);
        machine.Rbx = Data;
        byte[] code = Gather(0x90, 0, 0);

        StepResult first = machine.Run(code);
        (ulong Rip, byte Pending) trapped = (machine.State->Rip, machine.State->FaultPending);
        StepResult second = machine.Run(code);

        Assert.Equal((StepResult.Continue, StepResult.Fault), (first, second));
        Assert.Equal((DataMachine.CodeAddress, (byte)0), trapped);
        Assert.Equal(Data + 0x1000, machine.State->FaultAddress);
    }

    [Fact]
    public void Gather_without_avx_enabled_is_undefined()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->Xcr0 = 3;
        ModeState.Update(machine.State);

        StepResult result = machine.Run(Gather(0x90, 0, 0));

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.InvalidOpcode, machine.State->FaultVector);
    }

    [Fact]
    public void Gather_after_a_task_switch_has_no_device()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->Cr0 |= ControlRegister.Cr0TaskSwitched;
        ModeState.Update(machine.State);

        StepResult result = machine.Run(Gather(0x90, 0, 0));

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.DeviceNotAvailable, machine.State->FaultVector);
    }

    /// <summary>xmm1/ymm1, [rbx + xmm2/ymm2*4], xmm3/ymm3.</summary>
    private static byte[] Gather(byte opcode, int w, int l) =>
        [0xC4, 0xE2, (byte)((w << 7) | (0b1100 << 3) | (l << 2) | 1), opcode, 0x4C, 0x93, 0];

    private static void Prepare(HostProcessor host, DataMachine machine, Random random, bool elements64)
    {
        Span<byte> area = machine.Bytes(Data, AreaLength);
        random.NextBytes(area);
        area.CopyTo(new Span<byte>(host.Memory, AreaLength));
        var vectors = new Span<byte>(machine.State->Ymm, 512);
        random.NextBytes(vectors);
        for (int i = 0; i < (elements64 ? 4 : 8); i++)
        {
            long index = random.Next(-0x7F0, 0x7F0);
            if (elements64)
                ((long*)machine.State->Ymm)[8 + i] = index;
            else
                ((int*)machine.State->Ymm)[16 + i] = (int)index;
        }

        vectors.CopyTo(new Span<byte>(host.Registers->Ymm, 512));
        machine.Rbx = Data + 0x2000;
        host.Registers->Gpr[3] = (ulong)host.Memory + 0x2000;
        host.Registers->Flags = 0x202;
        host.Registers->Mxcsr = 0x1F80;
    }
}
