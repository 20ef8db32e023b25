namespace Hearth.Machine;

/// <summary>The host's side of a sound card.</summary>
public interface ISoundBackend
{
    /// <summary>A stream that a device plays into; while the machine is built.</summary>
    /// <param name="name">The device and the stream of it.</param>
    ISoundOutput CreateOutput(string name);

    /// <summary>A stream that a device records from; while the machine is built.</summary>
    /// <inheritdoc cref="CreateOutput"/>
    ISoundInput CreateInput(string name);
}
