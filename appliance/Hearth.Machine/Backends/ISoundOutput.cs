namespace Hearth.Machine;

/// <summary>Takes what a guest plays.</summary>
public interface ISoundOutput : ISoundStream
{
    /// <summary>Takes frames; those that find no room are lost, and counted.</summary>
    /// <param name="frames">Whole ones, in the format of the run.</param>
    void Write(ReadOnlySpan<byte> frames);
}
