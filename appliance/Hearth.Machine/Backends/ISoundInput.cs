namespace Hearth.Machine;

/// <summary>Gives what a guest records.</summary>
public interface ISoundInput : ISoundStream
{
    /// <summary>Gives frames in the format of the run.</summary>
    /// <param name="frames">Filled from its start with as many whole frames as there are.</param>
    /// <returns>Bytes; what is missing is silence.</returns>
    int Read(Span<byte> frames);
}
