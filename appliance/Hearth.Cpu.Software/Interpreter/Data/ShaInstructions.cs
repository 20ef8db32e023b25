using System.Numerics;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>The SHA extensions (Intel SDM Vol. 2; FIPS 180-4), where the host's processor has none.</summary>
/// <remarks>Names are the manual's. Doubleword 0 of a register is bits 31:0.</remarks>
internal sealed unsafe class ShaInstructions
{
    private const int Length = 16;

    // SAFETY: the state block outlives the interpreter; registers and copies of them have the four doublewords that are indexed.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly WideOperands _operands;
    private readonly FeatureGate _gate;

    public ShaInstructions(VcpuState* state, GuestAccess access, WideOperands operands, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _operands = operands;
        _gate = gate;
    }

    public StepResult Execute(in Instruction instruction)
    {
        uint* source = stackalloc uint[4];
        if (!_gate.TrySse() || !TryReadSource(instruction, source))
            return StepResult.Fault;

        uint* data = (uint*)OperandAccess.Vector(_state, instruction.Op0Register);
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Sha1rnds4:
                Sha1Rounds4(data, source, instruction.Immediate8 & 3);
                break;
            case Mnemonic.Sha1nexte:
                Sha1NextE(data, source);
                break;
            case Mnemonic.Sha1msg1:
                Sha1Message1(data, source);
                break;
            case Mnemonic.Sha1msg2:
                Sha1Message2(data, source);
                break;
            case Mnemonic.Sha256rnds2:
                Sha256Rounds2(data, source, (uint*)OperandAccess.Vector(_state, Register.XMM0));
                break;
            case Mnemonic.Sha256msg1:
                Sha256Message1(data, source);
                break;
            default:
                Sha256Message2(data, source);
                break;
        }

        return Completion.Advance(_state, instruction);
    }

    private bool TryReadSource(in Instruction instruction, uint* to)
    {
        var copy = new Span<byte>(to, Length);
        if (instruction.Op1Kind != OpKind.Memory)
        {
            new ReadOnlySpan<byte>(OperandAccess.Vector(_state, instruction.Op1Register), Length).CopyTo(copy);
            return true;
        }

        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        return _operands.TryRequire(segment, offset, Length, MemoryAccess.Read, Length) && _access.TryReadBytes(segment, offset, copy);
    }

    /// <param name="w">W0 + E, W1, W2, W3, from the highest doubleword to the lowest.</param>
    private static void Sha1Rounds4(uint* state, uint* w, int function)
    {
        uint k = function switch { 0 => 0x5A82_7999, 1 => 0x6ED9_EBA1, 2 => 0x8F1B_BCDC, _ => 0xCA62_C1D6 };
        (uint a, uint b, uint c, uint d, uint e) = (state[3], state[2], state[1], state[0], 0);
        for (int i = 3; i >= 0; i--)
        {
            uint f = function switch
            {
                0 => Choose(b, c, d),
                2 => Majority(b, c, d),
                _ => b ^ c ^ d,
            };
            uint next = f + BitOperations.RotateLeft(a, 5) + w[i] + e + k;
            (a, b, c, d, e) = (next, a, BitOperations.RotateLeft(b, 30), c, d);
        }

        (state[3], state[2], state[1], state[0]) = (a, b, c, d);
    }

    private static void Sha1NextE(uint* state, uint* w)
    {
        uint e = BitOperations.RotateLeft(state[3], 30);
        (state[3], state[2], state[1], state[0]) = (w[3] + e, w[2], w[1], w[0]);
    }

    private static void Sha1Message1(uint* w, uint* later)
    {
        (uint w0, uint w1, uint w2, uint w3) = (w[3], w[2], w[1], w[0]);
        (w[3], w[2], w[1], w[0]) = (w2 ^ w0, w3 ^ w1, later[3] ^ w2, later[2] ^ w3);
    }

    private static void Sha1Message2(uint* w, uint* later)
    {
        uint w16 = BitOperations.RotateLeft(w[3] ^ later[2], 1);
        uint w17 = BitOperations.RotateLeft(w[2] ^ later[1], 1);
        uint w18 = BitOperations.RotateLeft(w[1] ^ later[0], 1);
        uint w19 = BitOperations.RotateLeft(w[0] ^ w16, 1);
        (w[3], w[2], w[1], w[0]) = (w16, w17, w18, w19);
    }

    /// <param name="cdgh">C, D, G, H, from the highest doubleword to the lowest; A, B, E, F of two rounds later, afterwards.</param>
    /// <param name="wk">The sums of message and constant for the rounds, the first in the lowest doubleword.</param>
    private static void Sha256Rounds2(uint* cdgh, uint* abef, uint* wk)
    {
        (uint a, uint b, uint c, uint d) = (abef[3], abef[2], cdgh[3], cdgh[2]);
        (uint e, uint f, uint g, uint h) = (abef[1], abef[0], cdgh[1], cdgh[0]);
        (uint first, uint second) = (wk[0], wk[1]);
        for (int i = 0; i < 2; i++)
        {
            uint sum1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint sum0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint t = Choose(e, f, g) + sum1 + (i == 0 ? first : second) + h;
            (a, b, c, d, e, f, g, h) = (t + Majority(a, b, c) + sum0, a, b, c, t + d, e, f, g);
        }

        (cdgh[3], cdgh[2], cdgh[1], cdgh[0]) = (a, b, e, f);
    }

    private static void Sha256Message1(uint* w, uint* later)
    {
        (w[0], w[1], w[2], w[3]) = (w[0] + Small0(w[1]), w[1] + Small0(w[2]), w[2] + Small0(w[3]), w[3] + Small0(later[0]));
    }

    private static void Sha256Message2(uint* w, uint* later)
    {
        uint w16 = w[0] + Small1(later[2]);
        uint w17 = w[1] + Small1(later[3]);
        (w[0], w[1], w[2], w[3]) = (w16, w17, w[2] + Small1(w16), w[3] + Small1(w17));
    }

    private static uint Choose(uint x, uint y, uint z) => (x & y) ^ (~x & z);

    private static uint Majority(uint x, uint y, uint z) => (x & y) ^ (x & z) ^ (y & z);

    private static uint Small0(uint x) => BitOperations.RotateRight(x, 7) ^ BitOperations.RotateRight(x, 18) ^ (x >> 3);

    private static uint Small1(uint x) => BitOperations.RotateRight(x, 17) ^ BitOperations.RotateRight(x, 19) ^ (x >> 10);
}
