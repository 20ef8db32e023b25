using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// MOVS, STOS, LODS, SCAS, CMPS, INS and OUTS with their REP prefixes (Intel SDM Vol. 2, REP/REPE/REPZ/REPNE/REPNZ).
/// </summary>
/// <remarks>
/// Between iterations the state is architectural: RCX, RSI and RDI tell what is left. A repetition therefore stops whenever
/// somebody kicks the vCPU, and after one iteration under TF or a data breakpoint, by returning with RIP still at the
/// instruction. After a fault in a repeated SCAS or CMPS the flags are those of the last completed iteration, as AMD
/// processors leave them.
/// </remarks>
internal sealed unsafe class StringInstructions
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly StringElements _elements;
    private readonly StringRuns _runs;
    private readonly PortPermission _permission;
    private readonly DebugEvents _debug;

    public StringInstructions(
        VcpuState* state, RamWindows windows, GuestAccess access, PortPermission permission, DebugEvents debug)
    {
        _state = state;
        _permission = permission;
        _debug = debug;
        _elements = new StringElements(state, access, debug);
        _runs = new StringRuns(state, windows, access);
    }

    public StepResult Execute(in Instruction instruction)
    {
        var operation = new StringOperation(_state, instruction);
        if (operation.Kind is StringKind.Input or StringKind.Output
            && !_permission.TryAllow((ushort)_state->Gpr[2], operation.ElementSize))
        {
            return StepResult.Fault;
        }

        if (operation.Repeats)
            return Repeat(operation, instruction);
        return _elements.TryStep(operation) ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    private StepResult Repeat(in StringOperation operation, in Instruction instruction)
    {
        bool singleStep = (_state->SystemFlags & Rflags.Trap) != 0;
        ulong left = OperandAccess.Read(_state, GeneralRegister.Rcx, operation.AddressSize);
        ulong flags = _state->ArithmeticFlags;
        while (left != 0)
        {
            ulong run = singleStep ? 0 : _runs.Advance(operation, left);
            left -= run;
            StoreCount(operation, left, run);

            // A run of SCAS or CMPS leaves the element that may end the repetition for here.
            if (run == 0 || (operation.Compares && left != 0))
            {
                if (!_elements.TryStep(operation))
                {
                    // A fault shows the flags as they were before (Intel SDM Vol. 2, REP): no iteration needs those of the one before.
                    _state->ArithmeticFlags = flags;
                    return StepResult.Fault;
                }

                left--;
                StoreCount(operation, left, 1);
                if (operation.Compares && IsZero != operation.ContinuesOnZero)
                    break;
            }

            if (left != 0 && (singleStep || _debug.HasHits || Volatile.Read(ref _state->Kick) != 0))
            {
                _debug.KeepResume();
                return StepResult.Continue;
            }
        }

        return Completion.Advance(_state, instruction);
    }

    private bool IsZero => (_state->ArithmeticFlags & ArithmeticFlag.Zero) != 0;

    private void StoreCount(in StringOperation operation, ulong left, ulong done)
    {
        // A count of zero from the start leaves even the upper half of RCX as it is.
        if (done != 0)
            OperandAccess.Write(_state, GeneralRegister.Rcx, operation.AddressSize, left);
    }
}
