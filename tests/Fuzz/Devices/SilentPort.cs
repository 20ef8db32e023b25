using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>A serial line whose other end says what a target makes it say.</summary>
internal sealed class SilentPort : ICharacterPort
{
    private readonly byte[] _typed = new byte[256];
    private ICharacterReceiver? _receiver;

    public void Write(ReadOnlySpan<byte> data)
    {
    }

    public void Connect(ICharacterReceiver receiver) => _receiver = receiver;

    /// <exception cref="InvalidOperationException">The device takes more than there is.</exception>
    public void Type(Random random)
    {
        Span<byte> typed = _typed.AsSpan(0, random.Next(_typed.Length));
        random.NextBytes(typed);
        int taken = _receiver?.Receive(typed) ?? 0;
        if (taken < 0 || taken > typed.Length)
            throw new InvalidOperationException($"{taken} of {typed.Length} bytes were taken");
    }
}
