namespace Hearth.Cpu.Software;

/// <summary>Emits the shared stubs at the start of the code cache.</summary>
/// <remarks>
/// Enter and exit exchange everything a guest has in registers for everything the System V ABI lets C# expect: callee-saved
/// registers, MXCSR, DF clear, clean upper YMM halves. x87 and MMX stay loaded: the CLR does not use them.
/// </remarks>
internal static unsafe class StubBuilder
{
    /// <summary>CF, PF, AF, ZF, SF, OF.</summary>
    public const uint ArithmeticFlags = 0x8D5;

    private const int DefaultMxcsr = 0x1F80;

    private static readonly HostRegister[] s_calleeSaved =
        [HostRegister.Rbx, HostRegister.Rbp, HostRegister.R12, HostRegister.R13, HostRegister.R14, HostRegister.R15];

    public static CodeStubs Emit(HostEmitter emitter)
    {
        byte* enter = EmitEnter(emitter);
        byte* exit = EmitExit(emitter);
        byte* walk = TlbMissStub.EmitWalk(emitter);
        byte* slow = EmitCalledExit(emitter, ExitReason.Slow, exit);
        byte* leave = EmitJumpedExit(emitter, ExitReason.LookupTarget, exit);
        byte* lookUp = JumpMissStub.Emit(emitter, walk, leave);
        byte* dispatch = TransitionStubs.EmitDispatch(emitter, lookUp);
        byte* mismatch = ReturnStubs.EmitMismatch(emitter, lookUp);
        byte* interpret = EmitJumpedExit(emitter, ExitReason.Interpret, exit);
        return new CodeStubs
        {
            Enter = (delegate* unmanaged<VcpuState*, void>)enter,
            Slow = TlbMissStub.EmitDataMiss(emitter, walk, slow),
            Commit = EmitCalledExit(emitter, ExitReason.Commit, exit),
            Chain = EmitCalledExit(emitter, ExitReason.Chain, exit),
            LookupOffset = EmitJumpedExit(emitter, ExitReason.LookupOffset, exit),
            LookupTarget = lookUp,
            ReturnMismatch = mismatch,
            ReturnBottom = ReturnStubs.EmitBottom(emitter, mismatch),
            LeaveForTarget = leave,
            Dead = EmitJumpedExit(emitter, ExitReason.Dead, exit),
            BadTarget = EmitJumpedExit(emitter, ExitReason.BadTarget, exit),
            Kick = EmitJumpedExit(emitter, ExitReason.Kicked, exit),
            Interpret = interpret,
            SystemCall = TransitionStubs.EmitSystemCall(emitter, dispatch, interpret),
            SystemReturn = TransitionStubs.EmitSystemReturn(emitter, dispatch, interpret),
            InterruptReturn = TransitionStubs.EmitInterruptReturn(emitter, dispatch, interpret),
            HostFault = EmitJumpedExit(emitter, ExitReason.HostFault, exit),
            LoadX87 = (delegate* unmanaged<VcpuState*, void>)EmitLoadX87(emitter),
            SaveX87 = (delegate* unmanaged<VcpuState*, void>)EmitSaveX87(emitter),
        };
    }

    private static byte* EmitEnter(HostEmitter emitter)
    {
        byte* start = emitter.Position;
        foreach (HostRegister register in s_calleeSaved)
            emitter.Push(register);
        emitter.Lea(HostRegister.Rsp, new HostOperand(HostRegister.Rsp, -8));
        emitter.Lea(RegisterMap.State, new HostOperand(HostRegister.Rdi, VcpuState.Bias));
        emitter.Store(HostOperand.Field(FieldOffsets.HostStack), HostRegister.Rsp);
        Mxcsr(emitter, 3, FieldOffsets.HostMxcsr);
        Mxcsr(emitter, 2, FieldOffsets.Mxcsr);
        Vectors(emitter, 0x6F);
        emitter.Push(HostOperand.Field(FieldOffsets.ArithmeticFlags));
        emitter.PopFlags();
        for (int guest = 0; guest < 16; guest++)
        {
            if (RegisterMap.Host(guest) != HostRegister.None)
                emitter.Load(RegisterMap.Host(guest), RegisterMap.Home(guest));
        }

        emitter.Load(RegisterMap.Address, HostOperand.Field(FieldOffsets.AccessAddress));
        emitter.Load(RegisterMap.Addend, HostOperand.Field(FieldOffsets.AccessAddend));
        emitter.Load(HostRegister.Rsp, HostOperand.Field(FieldOffsets.ReturnStack));
        emitter.Jump(HostOperand.Field(FieldOffsets.ResumeAddress));
        return start;
    }

    private static byte* EmitExit(HostEmitter emitter)
    {
        byte* start = emitter.Position;
        for (int guest = 0; guest < 16; guest++)
        {
            if (RegisterMap.Host(guest) != HostRegister.None)
                emitter.Store(RegisterMap.Home(guest), RegisterMap.Host(guest));
        }

        emitter.Store(HostOperand.Field(FieldOffsets.AccessAddress), RegisterMap.Address);
        emitter.PushFlags();
        emitter.Pop(HostRegister.Rax);
        emitter.Bytes([0x25]); // and eax, imm32
        emitter.Dword((int)ArithmeticFlags);
        emitter.Store(HostOperand.Field(FieldOffsets.ArithmeticFlags), HostRegister.Rax);
        Vectors(emitter, 0x7F);
        Mxcsr(emitter, 3, FieldOffsets.Mxcsr);
        Mxcsr(emitter, 2, FieldOffsets.HostMxcsr);
        emitter.Bytes([0xC5, 0xF8, 0x77]); // vzeroupper
        emitter.Store(HostOperand.Field(FieldOffsets.ReturnStack), HostRegister.Rsp);
        emitter.Load(HostRegister.Rsp, HostOperand.Field(FieldOffsets.HostStack));
        emitter.Lea(HostRegister.Rsp, new HostOperand(HostRegister.Rsp, 8));
        for (int i = s_calleeSaved.Length - 1; i >= 0; i--)
            emitter.Pop(s_calleeSaved[i]);
        emitter.Return();
        return start;
    }

    private static byte* EmitCalledExit(HostEmitter emitter, ExitReason reason, byte* exit)
    {
        byte* start = emitter.Position;
        emitter.Pop(HostOperand.Field(FieldOffsets.ResumeAddress));
        EmitJumpedExit(emitter, reason, exit);
        return start;
    }

    private static byte* EmitJumpedExit(HostEmitter emitter, ExitReason reason, byte* exit)
    {
        byte* start = emitter.Position;
        emitter.StoreImmediate32(HostOperand.Field(FieldOffsets.ExitReason), (int)reason);
        emitter.Jump(exit);
        return start;
    }

    /// <summary>FXRSTOR64 of the image, whose XMM registers and MXCSR mean nothing: the host keeps its own.</summary>
    private static byte* EmitLoadX87(HostEmitter emitter)
    {
        const int MxcsrInImage = 24;
        byte* start = emitter.Position;
        emitter.StoreImmediate32(new HostOperand(HostRegister.Rdi, FieldOffsets.X87 + MxcsrInImage), DefaultMxcsr);
        emitter.Memory(wide: false, 0x0FAE, 3, new HostOperand(HostRegister.Rdi, FieldOffsets.HostMxcsr));
        emitter.Memory(wide: true, 0x0FAE, 1, new HostOperand(HostRegister.Rdi, FieldOffsets.X87));
        emitter.Memory(wide: false, 0x0FAE, 2, new HostOperand(HostRegister.Rdi, FieldOffsets.HostMxcsr));
        emitter.Return();
        return start;
    }

    /// <summary>FXSAVE64, then FNINIT: no exception of the guest's may stay behind for the host to trip over.</summary>
    private static byte* EmitSaveX87(HostEmitter emitter)
    {
        byte* start = emitter.Position;
        emitter.Memory(wide: true, 0x0FAE, 0, new HostOperand(HostRegister.Rdi, FieldOffsets.X87));
        emitter.Bytes([0xDB, 0xE3]);
        emitter.Return();
        return start;
    }

    /// <summary>LDMXCSR (/2) or STMXCSR (/3).</summary>
    private static void Mxcsr(HostEmitter emitter, int operation, int field) =>
        emitter.Memory(wide: false, 0x0FAE, operation, HostOperand.Field(field));

    /// <summary>VMOVDQA (VEX.256.66.0F 6F or 7F) of YMM0–YMM15.</summary>
    private static void Vectors(HostEmitter emitter, byte opcode)
    {
        for (int register = 0; register < 16; register++)
        {
            emitter.Byte(0xC4);
            emitter.Byte((byte)((register < 8 ? 0x80 : 0) | 0x41));
            emitter.Byte(0x7D);
            emitter.Byte(opcode);
            emitter.Byte((byte)(0x80 | ((register & 7) << 3) | ((int)RegisterMap.State & 7)));
            emitter.Dword(FieldOffsets.Ymm + (register * 32) - VcpuState.Bias);
        }
    }
}
