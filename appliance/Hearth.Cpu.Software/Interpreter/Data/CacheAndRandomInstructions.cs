using Hearth.Linux;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>CLFLUSH, CLFLUSHOPT and the PREFETCH family, which have no effect but faults; RDRAND and RDSEED (Intel SDM Vol. 2).</summary>
/// <remarks>Random numbers are the kernel's, which mixes the processor's in: they never run out, and many hosts have no RDSEED.</remarks>
internal sealed unsafe class CacheAndRandomInstructions
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly Mmu _mmu;

    public CacheAndRandomInstructions(VcpuState* state, GuestAccess access, Mmu mmu)
    {
        _state = state;
        _access = access;
        _mmu = mmu;
    }

    public StepResult Execute(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Rdrand or Mnemonic.Rdseed:
                DrawRandom(instruction);
                break;
            case Mnemonic.Clflush or Mnemonic.Clflushopt when !TryCheckLine(instruction):
                return StepResult.Fault;
        }

        return Completion.Advance(_state, instruction);
    }

    /// <summary>The checks of a byte load; the byte itself is not read, as it may belong to a device.</summary>
    private bool TryCheckLine(in Instruction instruction)
    {
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        return _access.TryLinear(segment, offset, 1, MemoryAccess.Read, out ulong linear)
            && _mmu.TryTranslate(linear, MemoryAccess.Read, out _);
    }

    private void DrawRandom(in Instruction instruction)
    {
        ulong value = 0;
        HostRandom.Fill(new Span<byte>(&value, sizeof(ulong)));
        OperandAccess.Write(_state, instruction.Op0Register, value);
        _state->ArithmeticFlags = ArithmeticFlag.Carry;
    }
}
