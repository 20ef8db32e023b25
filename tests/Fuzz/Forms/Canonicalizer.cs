using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>
/// Code that follows an instruction with an answer of its own on every run (a time, a random number) and wipes it out, so
/// that everything else about the instruction can be compared.
/// </summary>
internal static class Canonicalizer
{
    private static readonly byte[] s_clearAxDxCx = [0xB8, 0, 0, 0, 0, 0xBA, 0, 0, 0, 0, 0xB9, 0, 0, 0, 0];
    private static readonly byte[] s_clearAxDxCx16 = [0x66, .. s_clearAxDxCx[..5], 0x66, .. s_clearAxDxCx[5..10], 0x66, .. s_clearAxDxCx[10..]];

    public static byte[] After(in Instruction instruction, Form form) => instruction.Mnemonic switch
    {
        Mnemonic.Rdtsc or Mnemonic.Rdtscp => form.Bitness == 16 ? s_clearAxDxCx16 : s_clearAxDxCx,
        Mnemonic.Rdrand or Mnemonic.Rdseed => Clear(instruction.Op0Register.GetFullRegister().GetNumber(), form.Bitness),
        _ => [],
    };

    /// <summary>MOV register, 0, which leaves the flags alone.</summary>
    private static byte[] Clear(int register, int bitness) => bitness switch
    {
        64 => [(byte)(register < 8 ? 0x40 : 0x41), (byte)(0xB8 | (register & 7)), 0, 0, 0, 0],
        32 => [(byte)(0xB8 | register), 0, 0, 0, 0],
        _ => [0x66, (byte)(0xB8 | register), 0, 0, 0, 0],
    };
}
