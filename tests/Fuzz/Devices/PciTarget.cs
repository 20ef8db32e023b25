using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>A PCI function: besides accesses to its registers those to its configuration.</summary>
internal abstract class PciTarget : MachineTarget
{
    private const int Slot = 4;

    private readonly PciBus _bus;
    private readonly PciFunction[] _functions = new PciFunction[1];

    protected PciTarget()
    {
        _bus = new PciBus(Machine.Context, null);
    }

    protected PciFunction Function => _functions[0];

    protected override IReadOnlyList<IMachineDevice> Parts => _functions;

    /// <summary>The registers.</summary>
    protected ulong Bar => Function.ReadConfiguration(0x10, AccessWidth.Dword) & ~0xFU;

    protected PciBus Bus => _bus;

    /// <summary>Where registers are; half of the accesses go to the first hundred bytes of one of these.</summary>
    protected abstract ReadOnlySpan<int> Regions { get; }

    /// <param name="function">In its place on <see cref="Bus"/> already, or to be put into one.</param>
    protected void Plug(PciFunction function)
    {
        _functions[0] = function;
        if (!_bus.Functions.Contains(function))
            _bus.Add(function, Slot);
        Restart();
    }

    protected ulong Read(ulong register, AccessWidth width) => Machine.Memory.Bus.Read(Bar + register, width);

    protected void Write(ulong register, AccessWidth width, ulong value) => Machine.Memory.Bus.Write(Bar + register, width, value);

    protected override void Access(Random random)
    {
        if (random.Next(20) == 0)
            AccessConfiguration(random);
        else
            AccessRegister(random);
    }

    protected override void Restart()
    {
        FinishWork();
        Function.Reset();
        PciResources.Assign(_bus);
    }

    private void AccessRegister(Random random)
    {
        AccessWidth width = Hostile.MemoryWidth(random);
        ulong length = Function.Bars[0].Size;
        ulong register = (ulong)(random.Next(2) == 0 ? Regions[random.Next(Regions.Length)] + random.Next(100) : random.Next((int)length));
        register %= length - (ulong)width + 1;
        if (random.Next(3) == 0)
            _ = Read(register, width);
        else
            Write(register, width, Hostile.Value(random));
    }

    private void AccessConfiguration(Random random)
    {
        AccessWidth width = Hostile.PortWidth(random);
        int offset = random.Next(256) & ~((int)width - 1);
        _ = Function.ReadConfiguration(offset, width);

        // The BAR stays where it is: whatever lies under another one is no matter of this device.
        if (offset is (< 0x04 or >= 0x28))
            Function.WriteConfiguration(offset, width, (uint)Hostile.Value(random));
    }
}
