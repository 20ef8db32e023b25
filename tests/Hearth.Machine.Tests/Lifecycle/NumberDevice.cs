namespace Hearth.Machine.Tests.Lifecycle;

/// <summary>The smallest device: a name and a number.</summary>
internal sealed class NumberDevice(string name, uint value) : IMachineDevice
{
    public string Name => name;

    public uint Value { get; private set; } = value;

    public void Reset() => Value = 0;

    public void Save(IStateWriter to)
    {
        to.WriteVersion(1);
        to.WriteUInt32(Value);
    }

    public void Restore(IStateReader from)
    {
        from.ReadVersion(Name, 1);
        Value = from.ReadUInt32();
    }
}
