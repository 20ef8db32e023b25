namespace Hearth.Devices.Sound.Hda;

/// <summary>What a DMA engine is connected to: the link, with the codec and the host behind it. The controller's lock is held.</summary>
internal interface IHdaStreamPort
{
    void Start(HdaStream stream);

    void Stop(HdaStream stream);

    /// <summary>How much faster the host goes than the machine's clock, in parts per million.</summary>
    int DriftOf(HdaStream stream);

    /// <param name="frames">At most <see cref="HdaStream.SliceFrames"/>, in the stream's format.</param>
    void Play(HdaStream stream, ReadOnlySpan<byte> frames);

    /// <param name="frames">To be filled, in the stream's format.</param>
    void Record(HdaStream stream, Span<byte> frames);
}
