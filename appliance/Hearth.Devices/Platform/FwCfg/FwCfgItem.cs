namespace Hearth.Devices.Platform.FwCfg;

/// <summary>One item: bytes a guest reads, and for a few items writes by DMA.</summary>
internal sealed class FwCfgItem
{
    private readonly byte[] _initial;

    /// <param name="data">The bytes; kept, not copied, so that a large kernel is held once. A writable item is copied.</param>
    public FwCfgItem(ushort key, byte[] data, bool writable)
    {
        Key = key;
        _initial = data;
        Data = writable ? (byte[])data.Clone() : data;
        IsWritable = writable;
    }

    /// <summary>What the guest selects it by.</summary>
    public ushort Key { get; }

    public byte[] Data { get; }

    public bool IsWritable { get; }

    public void Reset()
    {
        if (IsWritable)
            _initial.CopyTo(Data, 0);
    }
}
