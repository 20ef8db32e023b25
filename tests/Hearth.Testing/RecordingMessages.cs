using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>Takes message interrupts, counts them and keeps the last 256; allocates nothing.</summary>
public sealed class RecordingMessages : IMessageInterruptSink
{
    private readonly (ulong Address, uint Data)[] _ring = new (ulong, uint)[256];

    public int Count { get; private set; }

    public (ulong Address, uint Data) Last => this[Count - 1];

    /// <param name="index">Counts from the first message; only the last 256 are kept.</param>
    public (ulong Address, uint Data) this[int index] => _ring[index % _ring.Length];

    public void Send(ulong address, uint data) => _ring[Count++ % _ring.Length] = (address, data);
}
