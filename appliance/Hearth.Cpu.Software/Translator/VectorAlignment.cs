using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// Which vector instructions raise #GP for a misaligned operand (Intel SDM Vol. 2, section 2.4, exception types 1, 2
/// and 4). The SHA extensions are left to the host: AMD's processors take them misaligned.
/// </summary>
internal static class VectorAlignment
{
    /// <param name="size">Bytes of the memory operand.</param>
    public static bool IsRequired(in Instruction instruction, int size)
    {
        if (size is not (16 or 32))
            return false;
        return instruction.Encoding == EncodingKind.Legacy
            ? instruction.Mnemonic is not (Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movdqu or Mnemonic.Lddqu
                or Mnemonic.Pcmpestri or Mnemonic.Pcmpestri64 or Mnemonic.Pcmpestrm or Mnemonic.Pcmpestrm64
                or Mnemonic.Pcmpistri or Mnemonic.Pcmpistrm
                or Mnemonic.Sha1msg1 or Mnemonic.Sha1msg2 or Mnemonic.Sha1nexte or Mnemonic.Sha1rnds4
                or Mnemonic.Sha256msg1 or Mnemonic.Sha256msg2 or Mnemonic.Sha256rnds2)
            : instruction.Mnemonic is Mnemonic.Vmovaps or Mnemonic.Vmovapd or Mnemonic.Vmovdqa or Mnemonic.Vmovntps
                or Mnemonic.Vmovntpd or Mnemonic.Vmovntdq or Mnemonic.Vmovntdqa;
    }
}
