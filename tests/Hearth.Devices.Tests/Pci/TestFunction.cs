using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Pci;

/// <summary>A function with BARs of every kind that answers with the offset it is read at.</summary>
internal sealed class TestFunction : PciFunction, IBusDevice
{
    public TestFunction(DeviceContext context, byte interruptPin = 1)
        : base("test-function", Describe(interruptPin), context, new Lock())
    {
        AddBar(0, PciBarKind.Memory32, 0x1000, this);
        AddBar(1, PciBarKind.Io, 0x20, this);
        AddBar(2, PciBarKind.Memory64, 0x10000, this);
        AddCapability(0x09, [4, 0xAA]);
        AddCapability(0x05, [1, 2, 3, 4]);
    }

    public ulong LastWrite { get; private set; }

    public void SetInterrupt(bool asserted)
    {
        lock (Sync)
            SetInterruptLocked(asserted);
    }

    public ulong Read(ulong offset, AccessWidth width) => offset;

    public void Write(ulong offset, AccessWidth width, ulong value) => LastWrite = value;

    private static PciIdentity Describe(byte interruptPin) =>
        new(0x1234, 0x5678, 9, 0x0A0B0C, interruptPin) { SubsystemVendorId = 0x11, SubsystemId = 0x22 };
}
