using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Sets of what the decoder has names for, as flags: they are asked for each instruction that is translated, and made at each start of a guest's process.</summary>
internal static class DecoderSets
{
    /// <summary>More than there are values of <see cref="Code"/>. To have the runtime count them takes longer than all else here.</summary>
    public const int CodeCapacity = 8192;

    /// <summary>More than there are values of <see cref="Mnemonic"/>.</summary>
    public const int MnemonicCapacity = 2048;

    /// <summary>More than there are values of <see cref="CpuidFeature"/>.</summary>
    public const int FeatureCapacity = 512;

    /// <returns>A flag for each <see cref="Mnemonic"/>.</returns>
    public static bool[] Of(params ReadOnlySpan<Mnemonic> mnemonics)
    {
        var flags = new bool[MnemonicCapacity];
        foreach (Mnemonic mnemonic in mnemonics)
            flags[(int)mnemonic] = true;
        return flags;
    }

    /// <returns>A flag for each <see cref="CpuidFeature"/>.</returns>
    public static bool[] Of(params ReadOnlySpan<CpuidFeature> features)
    {
        var flags = new bool[FeatureCapacity];
        foreach (CpuidFeature feature in features)
            flags[(int)feature] = true;
        return flags;
    }
}
