namespace Hearth.Cpu.Software;

/// <summary>Told when translations of linear addresses lapse, for whoever remembers things by linear address (jump caches).</summary>
internal interface IFlushObserver
{
    /// <summary>Any translation may have changed.</summary>
    void Flushed();

    /// <summary>The translation of the page around <paramref name="linear"/> (of any size) may have changed.</summary>
    void PageFlushed(ulong linear);
}
