using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// The 440FX host bridge, function 00:00.0 (Intel 82441FX datasheet, section 3.2). Its memory attribute registers steer the shadow memory of a machine
/// with firmware; in one without they can be written and read back, and the memory behind them is always RAM.
/// </summary>
public sealed class HostBridge : PciFunction
{
    private const int ProgrammableAttributeMap = 0x59;
    private const int AttributeMapLength = 7;
    private const int AttributesEnd = ProgrammableAttributeMap + AttributeMapLength;
    private const int SystemManagementRam = 0x72;
    private const int ReadEnable = 1;
    private const int WriteEnable = 2;

    // PAM0 has 0xF0000 to 0xFFFFF alone, four segments of shadow memory, in its upper half.
    private const int SegmentCount = 16;
    private const int FirstBiosSegment = 12;

    private readonly IShadowMemory? _shadow;

    /// <param name="shadow">The memory from 0xC0000 to 0xFFFFF; null where it is plain RAM.</param>
    public HostBridge(DeviceContext context, IShadowMemory? shadow = null)
        : base("pci-host-bridge", s_identity, context, new Lock())
    {
        _shadow = shadow;
        Configuration.Define(ProgrammableAttributeMap, 0, 0x30);
        for (int i = 1; i < AttributeMapLength; i++)
            Configuration.Define(ProgrammableAttributeMap + i, 0, 0x33);
        Configuration.Define(SystemManagementRam, 0x02, 0x70);
    }

    // The subsystem is how SeaBIOS knows that it runs in a virtual machine with fw_cfg (src/fw/paravirt.c).
    private static readonly PciIdentity s_identity = new(0x8086, 0x1237, 2, 0x060000, 0) { SubsystemVendorId = 0x1AF4, SubsystemId = 0x1100 };

    protected override void ConfigurationWritten(int offset, AccessWidth width)
    {
        if (offset >= AttributesEnd || offset + (int)width <= ProgrammableAttributeMap)
            return;
        lock (Sync)
            SteerLocked();
    }

    protected override void ResetLocked() => SteerLocked();

    protected override void RestoreLocked(IStateReader from) => SteerLocked();

    private void SteerLocked()
    {
        if (_shadow is null)
            return;
        for (int segment = 0; segment < SegmentCount; segment++)
        {
            int attributes = AttributesOf(segment);
            _shadow.Steer(segment, (attributes & ReadEnable) != 0, (attributes & WriteEnable) != 0);
        }
    }

    private int AttributesOf(int segment)
    {
        if (segment >= FirstBiosSegment)
            return (int)Configuration.Read(ProgrammableAttributeMap, AccessWidth.Byte) >> 4;
        return (int)Configuration.Read(ProgrammableAttributeMap + 1 + (segment / 2), AccessWidth.Byte) >> (4 * (segment % 2));
    }
}
