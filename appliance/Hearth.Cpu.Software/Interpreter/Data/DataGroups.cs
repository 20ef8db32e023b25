using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>The table of the data instructions: one byte for each encoding.</summary>
internal static class DataGroups
{
    // The group's number and one, or 0 for what was not asked for yet: a guest meets few of some five thousand. Two threads that ask at once find the same.
    private static readonly byte[] s_found = new byte[DecoderSets.CodeCapacity];

    public static DataGroup Of(Code code)
    {
        ref byte found = ref s_found[(int)code];
        if (found == 0)
            found = (byte)(Find(code) + 1);
        return (DataGroup)(found - 1);
    }

    private static DataGroup Find(Code code)
    {
        if (code.IsStringInstruction())
            return DataGroup.String;
        if (code.Encoding() is EncodingKind.EVEX or EncodingKind.MVEX)
            return DataGroup.None;
        return code switch
        {
            Code.Push_rm16 or Code.Push_rm32 or Code.Push_rm64 or Code.Pop_rm16 or Code.Pop_rm32 or Code.Pop_rm64 => DataGroup.Stack,

            _ => OfMnemonic(code.Mnemonic()),
        };
    }

    private static DataGroup OfMnemonic(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.In or Mnemonic.Out => DataGroup.Port,
        Mnemonic.Aaa or Mnemonic.Aas or Mnemonic.Aam or Mnemonic.Aad or Mnemonic.Daa or Mnemonic.Das => DataGroup.Decimal,
        Mnemonic.Salc or Mnemonic.Xlatb or Mnemonic.Lahf or Mnemonic.Sahf => DataGroup.Decimal,
        Mnemonic.Pusha or Mnemonic.Pushad or Mnemonic.Popa or Mnemonic.Popad or Mnemonic.Enter or Mnemonic.Leave => DataGroup.Stack,
        Mnemonic.Bound => DataGroup.Bound,
        Mnemonic.Fnstenv or Mnemonic.Fldenv or Mnemonic.Fnsave or Mnemonic.Frstor => DataGroup.FpuEnvironment,
        Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 => DataGroup.Fxsave,
        Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64 => DataGroup.Xsave,
        Mnemonic.Xsavec or Mnemonic.Xsavec64 or Mnemonic.Xrstor or Mnemonic.Xrstor64 => DataGroup.Xsave,
        Mnemonic.Ldmxcsr or Mnemonic.Stmxcsr or Mnemonic.Vldmxcsr or Mnemonic.Vstmxcsr => DataGroup.Mxcsr,
        Mnemonic.Vgatherdps or Mnemonic.Vgatherdpd or Mnemonic.Vgatherqps or Mnemonic.Vgatherqpd => DataGroup.Gather,
        Mnemonic.Vpgatherdd or Mnemonic.Vpgatherdq or Mnemonic.Vpgatherqd or Mnemonic.Vpgatherqq => DataGroup.Gather,
        Mnemonic.Maskmovq or Mnemonic.Maskmovdqu or Mnemonic.Vmaskmovdqu => DataGroup.MaskedMove,
        Mnemonic.Vmaskmovps or Mnemonic.Vmaskmovpd or Mnemonic.Vpmaskmovd or Mnemonic.Vpmaskmovq => DataGroup.MaskedMove,
        Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b => DataGroup.CompareExchange,
        Mnemonic.Clflush or Mnemonic.Clflushopt or Mnemonic.Rdrand or Mnemonic.Rdseed => DataGroup.CacheAndRandom,
        Mnemonic.Prefetcht0 or Mnemonic.Prefetcht1 or Mnemonic.Prefetcht2 or Mnemonic.Prefetchnta => DataGroup.CacheAndRandom,
        Mnemonic.Prefetch or Mnemonic.Prefetchw => DataGroup.CacheAndRandom,
        Mnemonic.Adcx or Mnemonic.Adox => DataGroup.AddCarry,
        Mnemonic.Sha1rnds4 or Mnemonic.Sha1nexte or Mnemonic.Sha1msg1 or Mnemonic.Sha1msg2 => DataGroup.Sha,
        Mnemonic.Sha256rnds2 or Mnemonic.Sha256msg1 or Mnemonic.Sha256msg2 => DataGroup.Sha,
        _ => DataGroup.None,
    };
}
