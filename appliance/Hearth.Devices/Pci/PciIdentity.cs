namespace Hearth.Devices.Pci;

/// <summary>What a function says it is (PCI 3.0, section 6.2.1 and appendix D).</summary>
/// <param name="ClassCode">Base class, subclass and programming interface, 24 bits: <c>0x020000</c> is an Ethernet controller.</param>
/// <param name="InterruptPin">1 for INTA# to 4 for INTD#; 0 when the function has none.</param>
public readonly record struct PciIdentity(ushort VendorId, ushort DeviceId, byte Revision, uint ClassCode, byte InterruptPin)
{
    public ushort SubsystemVendorId { get; init; }

    public ushort SubsystemId { get; init; }
}
