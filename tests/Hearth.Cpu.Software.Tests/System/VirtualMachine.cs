namespace Hearth.Cpu.Software.Tests;

/// <summary>Puts a protected-mode machine into virtual-8086 mode.</summary>
internal static unsafe class VirtualMachine
{
    public static void Enter(SystemMachine machine, int ioPrivilege)
    {
        VcpuState* state = machine.State;
        Rflags.Set(state, Rflags.Virtual8086 | Rflags.InterruptEnable | ((ulong)ioPrivilege << Rflags.IoPrivilegeShift));
        state->Cpl = 3;
        SegmentLoader.SetRealOrVirtual(state, SegmentName.CS, 0x0800);
        SegmentLoader.SetRealOrVirtual(state, SegmentName.SS, 0x2000);
        SegmentLoader.SetRealOrVirtual(state, SegmentName.ES, 0x1111);
        SegmentLoader.SetRealOrVirtual(state, SegmentName.DS, 0x2222);
        SegmentLoader.SetRealOrVirtual(state, SegmentName.FS, 0x3333);
        SegmentLoader.SetRealOrVirtual(state, SegmentName.GS, 0x4444);
        state->Rip = 0;
        machine.StoreStack(0x1000);
        ModeState.Update(state);
    }
}
