using Hearth.Machine;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>IN and OUT.</summary>
internal sealed unsafe class PortInstructions
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly PortPermission _permission;
    private readonly DebugEvents _debug;

    public PortInstructions(VcpuState* state, GuestAccess access, PortPermission permission, DebugEvents debug)
    {
        _state = state;
        _access = access;
        _permission = permission;
        _debug = debug;
    }

    public StepResult Execute(in Instruction instruction)
    {
        bool reads = instruction.Mnemonic == Mnemonic.In;
        Register accumulator = reads ? instruction.Op0Register : instruction.Op1Register;
        OpKind portKind = reads ? instruction.Op1Kind : instruction.Op0Kind;
        ushort port = portKind == OpKind.Immediate8 ? instruction.Immediate8 : (ushort)_state->Gpr[GeneralRegister.Rdx];
        int size = accumulator switch { Register.AL => 1, Register.AX => 2, _ => 4 };
        if (!_permission.TryAllow(port, size))
            return StepResult.Fault;

        _debug.NotePort(port, size);
        IVcpuBus? bus = _access.Bus;
        if (reads)
            OperandAccess.Write(_state, GeneralRegister.Rax, size, bus?.ReadPort(port, (AccessWidth)size) ?? ulong.MaxValue);
        else
            bus?.WritePort(port, (AccessWidth)size, OperandAccess.Read(_state, GeneralRegister.Rax, size));
        return Completion.Advance(_state, instruction);
    }
}
