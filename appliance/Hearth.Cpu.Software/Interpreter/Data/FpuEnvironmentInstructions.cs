using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>FNSTENV, FLDENV, FNSAVE and FRSTOR in their 16-bit and 32-bit forms (Intel SDM Vol. 1, section 8.1.10).</summary>
internal sealed unsafe class FpuEnvironmentInstructions
{
    private const int RegisterBytes = 8 * GuestFpu.RegisterLength;
    private const int LongestImage = 28 + RegisterBytes;

    // SAFETY: the state block outlives the interpreter; every image fits LongestImage bytes.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly WideOperands _operands;
    private readonly GuestFpu _fpu;
    private readonly FeatureGate _gate;

    public FpuEnvironmentInstructions(VcpuState* state, GuestAccess access, WideOperands operands, GuestFpu fpu, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _operands = operands;
        _fpu = fpu;
        _gate = gate;
    }

    public StepResult Execute(in Instruction instruction)
    {
        (bool stores, int environment, bool hasRegisters) = instruction.Code switch
        {
            Code.Fnstenv_m14byte => (true, 14, false),
            Code.Fnstenv_m28byte => (true, 28, false),
            Code.Fnsave_m94byte => (true, 14, true),
            Code.Fnsave_m108byte => (true, 28, true),
            Code.Fldenv_m14byte => (false, 14, false),
            Code.Fldenv_m28byte => (false, 28, false),
            Code.Frstor_m94byte => (false, 14, true),
            _ => (false, 28, true),
        };
        bool allowed = stores ? _gate.TryX87() : _gate.TryWaitingX87();
        if (!allowed)
            return StepResult.Fault;
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        int length = environment + (hasRegisters ? RegisterBytes : 0);
        MemoryAccess access = stores ? MemoryAccess.Write : MemoryAccess.Read;
        if (!_operands.TryCheck(segment, offset, length, access, environment == 14 ? 2 : 4))
            return StepResult.Fault;

        _fpu.Claim();
        bool done = stores
            ? TryStore(segment, offset, environment, hasRegisters)
            : TryLoad(segment, offset, environment, hasRegisters);
        return done ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    private bool TryStore(SegmentName segment, ulong offset, int environment, bool hasRegisters)
    {
        byte* image = stackalloc byte[LongestImage];
        if (environment == 14)
            MakeEnvironment16((ushort*)image);
        else
            MakeEnvironment32((uint*)image);
        for (int i = 0; hasRegisters && i < 8; i++)
            new ReadOnlySpan<byte>(_fpu.Register(i), GuestFpu.RegisterLength).CopyTo(RegisterIn(image, environment, i));

        int length = environment + (hasRegisters ? RegisterBytes : 0);
        if (!_access.TryWriteBytes(segment, offset, new ReadOnlySpan<byte>(image, length)))
            return false;
        if (hasRegisters)
            _fpu.Initialize();
        else
            _fpu.MaskExceptions();
        return true;
    }

    private bool TryLoad(SegmentName segment, ulong offset, int environment, bool hasRegisters)
    {
        byte* image = stackalloc byte[LongestImage];
        int length = environment + (hasRegisters ? RegisterBytes : 0);
        if (!_access.TryReadBytes(segment, offset, new Span<byte>(image, length)))
            return false;

        int stride = environment == 14 ? 2 : 4;
        _fpu.MoveToControlAndStatus(*(ushort*)image, *(ushort*)(image + stride));
        _fpu.Tags = Abridge(*(ushort*)(image + (2 * stride)));
        for (int i = 0; hasRegisters && i < 8; i++)
            RegisterIn(image, environment, i).CopyTo(new Span<byte>(_fpu.Register(i), GuestFpu.RegisterLength));
        return true;
    }

    private void MakeEnvironment16(ushort* image)
    {
        image[0] = _fpu.ControlWord;
        image[1] = _fpu.StatusWord;
        image[2] = _fpu.FullTags;
        new Span<ushort>(image + 3, 4).Clear();
    }

    private void MakeEnvironment32(uint* image)
    {
        const uint Reserved = 0xFFFF_0000;
        bool isProtected = ((ModeFlags)_state->Mode & (ModeFlags.Protected | ModeFlags.Virtual8086)) == ModeFlags.Protected;
        image[0] = Reserved | _fpu.ControlWord;
        image[1] = Reserved | _fpu.StatusWord;
        image[2] = Reserved | _fpu.FullTags;

        // The pointers are zero; which of the other bits are reserved differs by mode (figures 8-9 and 8-10).
        image[3] = isProtected ? 0 : Reserved;
        image[4] = 0;
        image[5] = isProtected ? 0 : Reserved;
        image[6] = isProtected ? Reserved : 0;
    }

    private static byte Abridge(ushort fullTags)
    {
        int tags = 0;
        for (int physical = 0; physical < 8; physical++)
        {
            if (((fullTags >> (physical * 2)) & 3) != 3)
                tags |= 1 << physical;
        }

        return (byte)tags;
    }

    private static Span<byte> RegisterIn(byte* image, int environment, int i) =>
        new(image + environment + (i * GuestFpu.RegisterLength), GuestFpu.RegisterLength);
}
