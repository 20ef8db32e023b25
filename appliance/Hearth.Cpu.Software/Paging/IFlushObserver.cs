namespace Hearth.Cpu.Software;

/// <summary>Told when translations of linear addresses lapse, for whoever remembers things by linear address (jump caches).</summary>
internal interface IFlushObserver
{
    /// <summary>Any translation may have changed, or any but those of global pages.</summary>
    void Flushed(bool keepsGlobal);

    /// <summary>The translation of the page around <paramref name="linear"/> (of any size) may have changed.</summary>
    void PageFlushed(ulong linear);
}
