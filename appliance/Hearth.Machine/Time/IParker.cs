namespace Hearth.Machine;

/// <summary>How the one thread of a <see cref="VirtualClock"/> waits: until a time has passed or somebody wakes it.</summary>
public interface IParker
{
    /// <summary>Waits; may return early for no reason. Called by one thread only.</summary>
    /// <param name="nanoseconds">At most this long; <see cref="long.MaxValue"/> waits for <see cref="Unpark"/> alone.</param>
    void Park(long nanoseconds);

    /// <summary>Ends the current <see cref="Park"/>, or the next one at once. From any thread; does not allocate.</summary>
    void Unpark();
}
