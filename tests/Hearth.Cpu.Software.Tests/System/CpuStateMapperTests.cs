using System.Text.Json;
using Hearth.Machine;

namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class CpuStateMapperTests
{
    [Fact]
    public void Save_and_restore_into_another_vcpu_keep_everything()
    {
        using SystemMachine from = SystemMachine.Long();
        using var to = new SystemMachine();
        Scramble(from);

        CpuState saved = from.Mapper.Save();
        to.Mapper.Restore(saved);
        CpuState again = to.Mapper.Save();

        Assert.Equal(JsonSerializer.Serialize(saved), JsonSerializer.Serialize(again));
        Assert.Equal(from.State->Mode, to.State->Mode);
        Assert.Equal(from.State->Cpl, to.State->Cpl);
    }

    [Fact]
    public void Saved_image_holds_vectors_x87_and_mxcsr()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Mxcsr = 0x1FA0;
        machine.State->Ymm[(3 * 32) + 1] = 0x12;
        machine.State->Ymm[(3 * 32) + 17] = 0x34;
        machine.State->X87[33] = 0x56;

        CpuState saved = machine.Mapper.Save();

        Assert.Equal(0x1FA0U, BitConverter.ToUInt32(saved.Xsave, 24));
        Assert.Equal(0x12, saved.Xsave[160 + (3 * 16) + 1]);
        Assert.Equal(0x34, saved.Xsave[576 + (3 * 16) + 1]);
        Assert.Equal(0x56, saved.Xsave[33]);
        Assert.Equal(7, saved.Xsave[512]);
    }

    [Fact]
    public void Restore_of_a_state_without_vectors_gives_their_initial_configuration()
    {
        using SystemMachine machine = SystemMachine.Long();
        Scramble(machine);

        machine.Mapper.Restore(new CpuState());

        Assert.Equal(0x1F80U, machine.State->Mxcsr);
        Assert.Equal(0x37F, *(ushort*)machine.State->X87);
        Assert.Equal(0, machine.State->Ymm[5]);
        Assert.Equal(ResetState.Pat, machine.State->Pat);
        Assert.Equal(0xFFFF_0FF0UL, machine.State->DebugRegister[4]);
    }

    [Fact]
    public void Restore_continues_the_tsc_from_the_saved_value()
    {
        using SystemMachine machine = SystemMachine.Long();
        CpuState saved = machine.Mapper.Save();
        saved.Tsc = machine.Tsc.Now + 5000;

        machine.Mapper.Restore(saved);

        Assert.Equal(5000UL, machine.State->TscOffset);
    }

    [Fact]
    public void Restore_into_a_model_without_avx_names_the_register()
    {
        using SystemMachine from = SystemMachine.Long();
        using var to = new SystemMachine(CpuModel.X64Version2);
        CpuState saved = from.Mapper.Save();
        saved.Cr4 = ControlRegister.Cr4Pae;
        saved.Xcr0 = 7;

        SavedStateException thrown = Assert.Throws<SavedStateException>(() => to.Mapper.Restore(saved));

        Assert.Contains("XCR0", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("x86-64-v2", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_of_an_unknown_register_names_it()
    {
        using SystemMachine machine = SystemMachine.Long();
        CpuState saved = machine.Mapper.Save();
        saved.Msrs[0x1234] = 1;

        SavedStateException thrown = Assert.Throws<SavedStateException>(() => machine.Mapper.Restore(saved));

        Assert.Contains("0x1234", thrown.Message, StringComparison.Ordinal);
    }

    private static void Scramble(SystemMachine machine)
    {
        VcpuState* state = machine.State;
        machine.EnterUser();
        for (int i = 0; i < 16; i++)
            state->Gpr[i] = 0x0101_0101_0101_0101UL * (ulong)(i + 1);
        for (int i = 0; i < 512; i++)
            state->Ymm[i] = (byte)(i * 7);
        state->X87[40] = 9;
        Rflags.Set(state, 0x24_0AD7);
        state->Lstar = 0xFFFF_8000_0000_1000;
        state->TscAdjust = 77;
        state->NmiBlocked = 1;
        state->InterruptShadow = 1;
        state->SegmentBase[(int)SegmentName.GS] = 0x7FFF_1234_0000;
        machine.System.Registers.TryWrite(Msr.MtrrDefType, 0xC06);
        ModeState.Update(state);
    }
}
