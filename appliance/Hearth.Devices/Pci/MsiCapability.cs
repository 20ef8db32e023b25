using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// One message-signalled interrupt of a function, with a 64-bit address and no mask (PCI 3.0, section 6.8.1). It lives in configuration space, which
/// saves it. Not synchronized: the function's lock is held.
/// </summary>
internal sealed class MsiCapability
{
    /// <summary>What follows the id and the link: message control, address, data.</summary>
    public const int BodyLength = 12;

    private const ushort ControlEnable = 1 << 0;
    private const ushort Control64Bit = 1 << 7;
    private const int Control = 2;
    private const int AddressLow = 4;
    private const int AddressHigh = 8;
    private const int Data = 12;

    private readonly PciConfigurationSpace _configuration;
    private readonly IMessageInterruptSink _sink;
    private readonly int _offset;

    /// <param name="offset">Where the capability is.</param>
    public MsiCapability(PciConfigurationSpace configuration, int offset, IMessageInterruptSink sink)
    {
        _configuration = configuration;
        _offset = offset;
        _sink = sink;
        configuration.DefineUInt16(offset + Control, Control64Bit, ControlEnable);
        configuration.DefineUInt32(offset + AddressLow, 0, ~3U);
        configuration.DefineUInt32(offset + AddressHigh, 0, uint.MaxValue);
        configuration.DefineUInt16(offset + Data, 0, ushort.MaxValue);
    }

    /// <summary>True when the guest switched it on: INTx is then silent.</summary>
    public bool IsEnabled => (_configuration.ReadUInt16(_offset + Control) & ControlEnable) != 0;

    public void Send()
    {
        ulong address = ((ulong)_configuration.ReadUInt32(_offset + AddressHigh) << 32) | _configuration.ReadUInt32(_offset + AddressLow);
        _sink.Send(address, _configuration.ReadUInt16(_offset + Data));
    }
}
