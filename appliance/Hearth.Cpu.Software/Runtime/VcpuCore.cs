#pragma warning disable CA1822, CS9113
using Hearth.Machine;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Everything of a vCPU that is not translated code: memory management, events, the interpreter, its saved form.</summary>
internal sealed unsafe class VcpuCore
{
    private readonly VcpuState* _state;

    public VcpuCore(VcpuState* state, SoftwareCpuEngine engine, int index, IHostFpu fpu)
    {
        _state = state;
        Debug = new DebugEvents(state);
        Mmu = new Mmu(state, engine.Ram);
        Access = new GuestAccess(state, engine.Ram, Mmu, Debug);
        Events = new EventDelivery(state, Access, Debug);
    }

    public Mmu Mmu { get; }

    public GuestAccess Access { get; }

    public DebugEvents Debug { get; }

    public EventDelivery Events { get; }

    public ITimestampCounter TimestampCounter => null!;

    public bool NmiPending { get; set; }

    public string Detail { get; private set; } = "";

    public void Connect(ILocalApic apic)
    {
    }

    public void SetBus(IVcpuBus bus) => Access.Bus = bus;

    public void Reset(bool bootstrap)
    {
    }

    public void Init(bool bootstrap)
    {
    }

    public void StartUp(byte vector)
    {
    }

    public CpuState Save() => null!;

    public void Restore(CpuState state)
    {
    }

    public StepResult ArithmeticFault() => PendingFault.Set(_state, 0);

    public StepResult Execute(in Instruction instruction, in KeptInstruction kept)
    {
        if (instruction.Code == Code.Hlt)
        {
            _state->Rip = instruction.NextIP;
            return StepResult.Halt;
        }

        Detail = instruction.ToString();
        return StepResult.Unsupported;
    }
}

internal sealed unsafe class EventDelivery(VcpuState* state, GuestAccess access, DebugEvents debug)
{
    public StepResult DeliverPending() => StepResult.Shutdown;

    public StepResult Deliver(EventKind kind, byte vector, bool hasError, uint error) => StepResult.Shutdown;
}
