using Hearth.Devices.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

/// <summary>A machine with a PCI bus, used through ports 0xCF8 and 0xCFC as a guest does.</summary>
internal sealed class PciRig
{
    public PciRig(IBusDevice? resetControl = null)
    {
        Bus = new PciBus(Machine.Context, resetControl);
    }

    public TestMachine Machine { get; } = new();

    public PciBus Bus { get; }

    public uint Read(int slot, int function, int register, AccessWidth width = AccessWidth.Dword)
    {
        Select(slot, function, register);
        return (uint)Machine.Ports.Bus.Read(0xCFCUL + (uint)(register & 3), width);
    }

    public void Write(int slot, int function, int register, uint value, AccessWidth width = AccessWidth.Dword)
    {
        Select(slot, function, register);
        Machine.Ports.Bus.Write(0xCFCUL + (uint)(register & 3), width, value);
    }

    private void Select(int slot, int function, int register) =>
        Machine.OutDword(0xCF8, 0x8000_0000 | (uint)(slot << 11) | (uint)(function << 8) | (uint)(register & 0xFC));
}
