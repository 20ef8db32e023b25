namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>User code for a <see cref="CodeMachine"/>: pages of level 3, descriptors and system calls as Linux has them.</summary>
internal static unsafe class UserSpace
{
    public const ulong Code = 0x50_0000;
    public const ulong Data = 0x51_0000;
    public const ulong Stack = 0x51_F000;
    public const ulong Kernel = CodeMachine.Code + 0x1000;
    public const ushort DataSelector = 0x28 | 3;
    public const ushort CodeSelector = 0x30 | 3;
    public const ulong DataDescriptor = 0x00CF_F300_0000_FFFF;
    public const ulong CodeDescriptor = 0x00AF_FB00_0000_FFFF;
    public const ushort NarrowCodeSelector = 0x20 | 3;
    public const ulong NarrowCodeDescriptor = 0x00CF_FB00_0000_FFFF;
    public const ulong GlobalDescriptorTable = 0xD000;

    private const ulong UserPage = 4;

    /// <summary>Makes the 64 KiB of code read-only and 60 KiB of data writable for level 3, and system calls go to <see cref="Kernel"/>.</summary>
    public static void Prepare(CodeMachine machine)
    {
        machine.At<ulong>(CodeMachine.Root) |= UserPage;
        machine.At<ulong>(0x2000) |= UserPage;
        machine.At<ulong>(0x3000 + ((Code >> 21) * 8)) |= UserPage;
        for (ulong page = Code; page < Data; page += 4096)
            machine.Entry(page) = page | CodeMachine.Present | UserPage;
        for (ulong page = Data; page < Stack; page += 4096)
            machine.Entry(page) |= UserPage;
        machine.At<ulong>(GlobalDescriptorTable + (DataSelector & ~3UL)) = DataDescriptor;
        machine.At<ulong>(GlobalDescriptorTable + (CodeSelector & ~3UL)) = CodeDescriptor;
        machine.At<ulong>(GlobalDescriptorTable + (NarrowCodeSelector & ~3UL)) = NarrowCodeDescriptor;
        machine.At<ulong>(0xD804) = CodeMachine.StackOf(0);
        VcpuState* state = machine.State;
        state->GdtrLimit = 0x3F;
        state->Efer |= ControlRegister.EferSyscall;
        (state->Star, state->Lstar, state->SyscallMask) = ((0x20UL << 48) | (8UL << 32), Kernel, Rflags.InterruptEnable | Rflags.Direction | Rflags.Carry);
        for (SegmentName name = SegmentName.ES; name <= SegmentName.GS; name++)
        {
            if (name is not (SegmentName.CS or SegmentName.SS))
                Segments.Set(state, name, new SegmentRegister(0, 0, 0, SegmentAttribute.Unusable));
        }
    }

    /// <summary>Goes on in user code.</summary>
    public static void Enter(CodeMachine machine, ulong flags = Rflags.AlwaysOne | Rflags.InterruptEnable)
    {
        VcpuState* state = machine.State;
        Segments.Set(state, SegmentName.CS, new SegmentRegister(CodeSelector, 0, uint.MaxValue, 0xAFB));
        Segments.Set(state, SegmentName.SS, new SegmentRegister(DataSelector, 0, uint.MaxValue, 0xCF3));
        Rflags.Set(state, flags);
        state->Cpl = 3;
        state->Gpr[4] = Stack;
        ModeState.Update(state);
        machine.Run(Code);
    }
}
