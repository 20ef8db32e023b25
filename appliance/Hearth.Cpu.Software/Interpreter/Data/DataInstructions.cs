using Hearth.Linux;
using Hearth.Memory;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// The instructions of the guest's data side that are too involved to translate: repeated strings, port I/O, decimal
/// arithmetic, stack frames, state saving, gathers and masked moves; and those that this host's processor does not have.
/// </summary>
/// <remarks>
/// A fault leaves the registers as they were before the instruction, or as they are between two iterations or elements where
/// the architecture says so. Nothing is allocated and nothing throws on account of the guest.
/// </remarks>
internal sealed unsafe class DataInstructions : IDisposable
{
    private readonly HostInstructions _host = new();
    private readonly StringInstructions _strings;
    private readonly PortInstructions _ports;
    private readonly DecimalInstructions _decimals;
    private readonly StackInstructions _stack;
    private readonly BoundInstructions _bound;
    private readonly FpuEnvironmentInstructions _fpuEnvironment;
    private readonly FxsaveInstructions _fxsave;
    private readonly XsaveInstructions _xsave;
    private readonly MxcsrInstructions _mxcsr;
    private readonly GatherInstructions _gathers;
    private readonly MaskedMoveInstructions _maskedMoves;
    private readonly CompareExchangeInstructions _compareExchange;
    private readonly CacheAndRandomInstructions _cacheAndRandom;
    private readonly AddCarryInstructions _addCarry;
    private readonly ShaInstructions _sha;

    /// <exception cref="LinuxException">The host gives no executable memory.</exception>
    public DataInstructions(VcpuState* state, GuestRam ram, Mmu mmu, GuestAccess access, DebugEvents debug, IHostFpu hostFpu)
    {
        var windows = new RamWindows(state, ram, mmu, access);
        var operands = new WideOperands(state, access, mmu);
        var permission = new PortPermission(state, access);
        var fpu = new GuestFpu(state, hostFpu);
        var gate = new FeatureGate(state, fpu);
        _strings = new StringInstructions(state, windows, access, permission, debug);
        _ports = new PortInstructions(state, access, permission, debug);
        _decimals = new DecimalInstructions(state, access);
        _stack = new StackInstructions(state, access);
        _bound = new BoundInstructions(state, access);
        _fpuEnvironment = new FpuEnvironmentInstructions(state, access, operands, fpu, gate);
        _fxsave = new FxsaveInstructions(state, access, operands, fpu, gate);
        _xsave = new XsaveInstructions(state, access, operands, fpu, gate);
        _mxcsr = new MxcsrInstructions(state, access, gate);
        _gathers = new GatherInstructions(state, access, gate, debug);
        _maskedMoves = new MaskedMoveInstructions(state, access, operands, fpu, gate);
        _compareExchange = new CompareExchangeInstructions(state, access, windows, _host);
        _cacheAndRandom = new CacheAndRandomInstructions(state, access, mmu);
        _addCarry = new AddCarryInstructions(state, access);
        _sha = new ShaInstructions(state, access, operands, gate);
    }

    public static bool Handles(Code code) => DataGroups.Of(code) != DataGroup.None;

    /// <summary>Executes the instruction at <see cref="VcpuState.Rip"/>.</summary>
    /// <returns>
    /// Continue with RIP past the instruction, or still at it when a repetition was interrupted; Fault with the fault pending;
    /// Unsupported for what <see cref="Handles"/> refuses.
    /// </returns>
    public StepResult Execute(in Instruction instruction) => DataGroups.Of(instruction.Code) switch
    {
        DataGroup.String => _strings.Execute(instruction),
        DataGroup.Port => _ports.Execute(instruction),
        DataGroup.Decimal => _decimals.Execute(instruction),
        DataGroup.Stack => _stack.Execute(instruction),
        DataGroup.Bound => _bound.Execute(instruction),
        DataGroup.FpuEnvironment => _fpuEnvironment.Execute(instruction),
        DataGroup.Fxsave => _fxsave.Execute(instruction),
        DataGroup.Xsave => _xsave.Execute(instruction),
        DataGroup.Mxcsr => _mxcsr.Execute(instruction),
        DataGroup.Gather => _gathers.Execute(instruction),
        DataGroup.MaskedMove => _maskedMoves.Execute(instruction),
        DataGroup.CompareExchange => _compareExchange.Execute(instruction),
        DataGroup.CacheAndRandom => _cacheAndRandom.Execute(instruction),
        DataGroup.AddCarry => _addCarry.Execute(instruction),
        DataGroup.Sha => _sha.Execute(instruction),
        _ => StepResult.Unsupported,
    };

    public void Dispose() => _host.Dispose();
}
