namespace Hearth.Devices.Storage.Ide;

/// <summary>What a drive is in the middle of.</summary>
internal enum IdeTransfer : byte
{
    None,

    /// <summary>The host reads the data register.</summary>
    PioIn,

    /// <summary>The host writes the data register.</summary>
    PioOut,

    /// <summary>The bus master takes data to memory.</summary>
    DmaIn,

    /// <summary>The bus master brings data from memory.</summary>
    DmaOut,

    /// <summary>What was written goes to stable storage; no data move.</summary>
    Flush,

    /// <summary>The host writes the bytes of a packet command.</summary>
    Packet,
}
