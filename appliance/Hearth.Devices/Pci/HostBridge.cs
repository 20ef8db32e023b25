using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// The 440FX host bridge, function 00:00.0 (Intel 82441FX datasheet, section 3.2). Its memory attribute registers can be
/// written and read back; the memory behind them is always RAM.
/// </summary>
public sealed class HostBridge : PciFunction
{
    private const int ProgrammableAttributeMap = 0x59;
    private const int AttributeMapLength = 7;
    private const int SystemManagementRam = 0x72;

    public HostBridge(DeviceContext context)
        : base("pci-host-bridge", new PciIdentity(0x8086, 0x1237, 2, 0x060000, 0), context, new Lock())
    {
        for (int i = 0; i < AttributeMapLength; i++)
            Configuration.Define(ProgrammableAttributeMap + i, 0, 0x33);
        Configuration.Define(SystemManagementRam, 0x02, 0x70);
    }
}
