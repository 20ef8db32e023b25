using Hearth.Machine;
using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>The system instructions, and those that look at segments or privilege (Intel SDM Vol. 2).</summary>
internal sealed unsafe class SystemInstructions
{
    private readonly VcpuState* _state;
    private readonly SegmentMoves _moves;
    private readonly FarTransfer _transfers;
    private readonly FarReturn _farReturn;
    private readonly InterruptReturn _interruptReturn;
    private readonly SoftwareInterrupts _interrupts;
    private readonly FlagInstructions _flags;
    private readonly TableRegisters _tableRegisters;
    private readonly ControlRegisterMoves _control;
    private readonly DebugRegisterMoves _debugRegisters;
    private readonly PagingInstructions _paging;
    private readonly SystemCalls _calls;
    private readonly BaseRegisters _bases;
    private readonly SelectorChecks _checks;
    private readonly Identification _identification;
    private readonly Hypercalls _hypercalls;

    public SystemInstructions(
        VcpuState* state, GuestRam ram, Mmu mmu, GuestAccess access, EventDelivery events, DebugEvents debug, CpuModel model,
        CpuidTable cpuid, ITimestampCounter tsc, ParavirtualRegisters paravirtual)
    {
        _state = state;
        var operands = new GuestOperands(state, access);
        var tables = new DescriptorTables(state, access);
        var loader = new SegmentLoader(state, tables);
        var tasks = new TaskSwitch(state, access, mmu, debug);
        var writes = new ControlRegisterWrites(state, ram, mmu, model);
        _moves = new SegmentMoves(state, access, operands, loader, debug);
        _transfers = new FarTransfer(state, access, operands, tables, tasks);
        _farReturn = new FarReturn(state, access, tables, loader);
        _interruptReturn = new InterruptReturn(state, access, debug, tables, loader, tasks);
        _interrupts = new SoftwareInterrupts(state, events);
        _flags = new FlagInstructions(state, access);
        _tableRegisters = new TableRegisters(state, operands, tables);
        _control = new ControlRegisterMoves(state, operands, writes);
        _debugRegisters = new DebugRegisterMoves(state, mmu);
        _paging = new PagingInstructions(state, operands, mmu);
        _calls = new SystemCalls(state, debug);
        _bases = new BaseRegisters(state);
        _checks = new SelectorChecks(state, operands, tables);
        _identification = new Identification(state, model, cpuid, tsc);
        _hypercalls = new Hypercalls(state, paravirtual);
        Registers = new ModelSpecificRegisters(state, model, writes, tsc, paravirtual);
    }

    /// <summary>The model-specific registers, for whoever saves and restores them.</summary>
    public ModelSpecificRegisters Registers { get; }

    /// <summary>Connects the local APIC: CR8, its registers, and its bit of CPUID.</summary>
    public void Connect(ILocalApic apic)
    {
        _control.Apic = apic;
        _identification.Apic = apic;
        Registers.Apic = apic;
    }

    public static bool Handles(Code code) => SystemGroups.Of(code) != SystemGroup.None;

    /// <summary>Executes one instruction at <see cref="VcpuState.Rip"/>.</summary>
    public StepResult Execute(in Instruction instruction)
    {
        switch (SystemGroups.Of(instruction.Code))
        {
            case SystemGroup.Segment:
                return ExecuteSegment(instruction);
            case SystemGroup.Transfer:
                return ExecuteTransfer(instruction);
            case SystemGroup.Flags:
                return ExecuteFlags(instruction);
            case SystemGroup.Registers:
                return ExecuteRegisters(instruction);
            case SystemGroup.Machine:
                return ExecuteMachine(instruction);
            case SystemGroup.Selectors:
                return ExecuteSelectors(instruction);
            case SystemGroup.NotPromised:
                return PendingFault.InvalidOpcode(_state);
            default:
                return StepResult.Unsupported;
        }
    }

    private StepResult ExecuteSegment(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Mov => _moves.Move(instruction),
        Mnemonic.Push => _moves.Push(instruction),
        Mnemonic.Pop => _moves.Pop(instruction),
        _ => _moves.LoadPointer(instruction),
    };

    private StepResult ExecuteTransfer(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Call or Mnemonic.Jmp => _transfers.Execute(instruction),
        Mnemonic.Retf => _farReturn.Execute(instruction),
        Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq => _interruptReturn.Execute(instruction),
        Mnemonic.Syscall => _calls.Call(instruction),
        Mnemonic.Sysret or Mnemonic.Sysretq => _calls.Return(instruction),
        Mnemonic.Sysenter => _calls.EnterKernel(),
        Mnemonic.Sysexit or Mnemonic.Sysexitq => _calls.LeaveKernel(instruction),
        _ => _interrupts.Execute(instruction),
    };

    private StepResult ExecuteFlags(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Cli => _flags.ClearInterrupt(instruction),
        Mnemonic.Sti => _flags.SetInterrupt(instruction),
        Mnemonic.Clac => _flags.ChangeAlignmentCheck(instruction, set: false),
        Mnemonic.Stac => _flags.ChangeAlignmentCheck(instruction, set: true),
        Mnemonic.Pushf or Mnemonic.Pushfd or Mnemonic.Pushfq => _flags.Push(instruction),
        _ => _flags.Pop(instruction),
    };

    private StepResult ExecuteRegisters(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Mov => ExecuteMove(instruction),
        Mnemonic.Clts => _control.ClearTaskSwitched(instruction),
        Mnemonic.Lmsw => _control.LoadStatusWord(instruction),
        Mnemonic.Smsw => _control.StoreStatusWord(instruction),
        Mnemonic.Xsetbv => _control.WriteExtendedControl(instruction),
        Mnemonic.Xgetbv => _control.ReadExtendedControl(instruction),
        Mnemonic.Rdmsr => Registers.Read(instruction),
        Mnemonic.Wrmsr => Registers.Write(instruction),
        Mnemonic.Swapgs => _bases.Swap(instruction),
        Mnemonic.Rdfsbase => _bases.Read(instruction, SegmentName.FS),
        Mnemonic.Rdgsbase => _bases.Read(instruction, SegmentName.GS),
        Mnemonic.Wrfsbase => _bases.Write(instruction, SegmentName.FS),
        _ => _bases.Write(instruction, SegmentName.GS),
    };

    private StepResult ExecuteMove(in Instruction instruction)
    {
        if (instruction.Op0Register.IsCR())
            return _control.Write(instruction);
        if (instruction.Op1Register.IsCR())
            return _control.Read(instruction);
        return instruction.Op0Register.IsDR() ? _debugRegisters.Write(instruction) : _debugRegisters.Read(instruction);
    }

    private StepResult ExecuteMachine(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Invlpg => _paging.InvalidatePage(instruction),
        Mnemonic.Invpcid => _paging.InvalidateContext(instruction),
        Mnemonic.Hlt => Privileged(instruction, StepResult.Halt),

        // Without its feature, WBNOINVD is WBINVD with a prefix that means nothing.
        Mnemonic.Invd or Mnemonic.Wbinvd or Mnemonic.Wbnoinvd => Privileged(instruction, StepResult.Continue),
        Mnemonic.Cpuid => _identification.Cpuid(instruction),
        Mnemonic.Rdtsc or Mnemonic.Rdtscp => _identification.ReadTimestamp(instruction),
        Mnemonic.Vmcall or Mnemonic.Vmmcall => _hypercalls.Call(instruction),
        Mnemonic.Rdpid => _identification.ReadProcessorId(instruction),
        _ => _identification.ReadCounter(),
    };

    private StepResult ExecuteSelectors(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Lgdt or Mnemonic.Lidt => _tableRegisters.LoadTable(instruction),
        Mnemonic.Sgdt or Mnemonic.Sidt => _tableRegisters.StoreTable(instruction),
        Mnemonic.Sldt or Mnemonic.Str => _tableRegisters.StoreSelector(instruction),
        Mnemonic.Lldt => _tableRegisters.LoadLocalTable(instruction),
        Mnemonic.Ltr => _tableRegisters.LoadTask(instruction),
        Mnemonic.Arpl => _checks.AdjustPrivilege(instruction),
        Mnemonic.Verr or Mnemonic.Verw => _checks.Verify(instruction),
        Mnemonic.Lar => _checks.LoadAccessRights(instruction),
        _ => _checks.LoadLimit(instruction),
    };

    private StepResult Privileged(in Instruction instruction, StepResult result)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        Completion.Advance(_state, instruction);
        return result;
    }
}
