using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>A bus that knows what is mapped to it, so that a test can reach every register.</summary>
public sealed class RecordingAddressSpace(string name, ulong length) : IAddressSpace
{
    private readonly List<AddressRange> _ranges = [];

    public Bus Bus { get; } = new(name, length);

    /// <summary>The mapped ranges, in the order they were mapped.</summary>
    public IReadOnlyList<AddressRange> Ranges => _ranges;

    public IDisposable Map(AddressRange range, IBusDevice device) => Record(range, Bus.Map(range, device));

    public IDisposable MapOverlay(AddressRange range, IBusDevice device, int priority) =>
        Record(range, Bus.MapOverlay(range, device, priority));

    private Claim Record(AddressRange range, IDisposable mapping)
    {
        _ranges.Add(range);
        return new Claim(this, range, mapping);
    }

    private sealed class Claim(RecordingAddressSpace space, AddressRange range, IDisposable mapping) : IDisposable
    {
        public void Dispose()
        {
            space._ranges.Remove(range);
            mapping.Dispose();
        }
    }
}
