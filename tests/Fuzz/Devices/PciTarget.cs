using Hearth.Devices.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>A PCI function on a test machine: accesses to its registers and its configuration, memory that changes, time, pauses, saves and restores.</summary>
internal abstract class PciTarget : IFuzzTarget
{
    private const int Slot = 4;
    private const int LongestStep = 25_000_000;

    private static readonly AccessWidth[] s_widths = [AccessWidth.Byte, AccessWidth.Word, AccessWidth.Dword, AccessWidth.Qword];

    private readonly PciBus _bus;

    protected PciTarget()
    {
        _bus = new PciBus(Machine.Context, null);
    }

    public abstract string Name { get; }

    protected TestMachine Machine { get; } = new();

    protected PciFunction Function { get; private set; } = null!;

    /// <summary>The registers.</summary>
    protected ulong Bar => Function.ReadConfiguration(0x10, AccessWidth.Dword) & ~0xFU;

    public void Act(Random random)
    {
        int choice = random.Next(1000);
        if (choice < 500)
            Access(random);
        else if (choice < 650)
            ActAsDriver(random);
        else if (choice < 780)
            WriteMemory(random);
        else if (choice < 900)
            Machine.Clock.Advance(random.Next(1 << random.Next(1, 25)) % LongestStep);
        else if (choice < 960)
            ActFromOutside(random);
        else if (choice < 985)
            AccessConfiguration(random);
        else if (choice < 992)
            PauseAndResume();
        else
            SaveAndRestore(random);
    }

    protected void Plug(PciFunction function)
    {
        Function = function;
        _bus.Add(function, Slot);
        Restart();
    }

    protected void Write(ulong register, AccessWidth width, ulong value) => Machine.Memory.Bus.Write(Bar + register, width, value);

    /// <summary>Where registers are; half of the accesses go to the first hundred bytes of one of these.</summary>
    protected abstract ReadOnlySpan<int> Regions { get; }

    /// <summary>Something a driver would do, right or nearly right.</summary>
    protected abstract void ActAsDriver(Random random);

    /// <summary>Something the host does.</summary>
    protected abstract void ActFromOutside(Random random);

    /// <summary>A number that is a size, an address in RAM, or nonsense.</summary>
    protected static ulong Value(Random random) => random.Next(6) switch
    {
        0 => (ulong)random.Next(256),
        1 => (ulong)random.Next(1 << 20),
        2 => 1UL << random.Next(64),
        3 => ulong.MaxValue - (ulong)random.Next(256),
        _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
    };

    private void Access(Random random)
    {
        AccessWidth width = s_widths[random.Next(s_widths.Length)];
        ulong length = Function.Bars[0].Size;
        ulong register = (ulong)(random.Next(2) == 0 ? Regions[random.Next(Regions.Length)] + random.Next(100) : random.Next((int)length));
        register = Math.Min(register, length - (ulong)width);
        if (random.Next(3) == 0)
            _ = Machine.Memory.Bus.Read(Bar + register, width);
        else
            Write(register, width, Value(random));
    }

    private void AccessConfiguration(Random random)
    {
        int offset = random.Next(256);
        AccessWidth width = s_widths[random.Next(3)];
        offset &= ~((int)width - 1);
        _ = Function.ReadConfiguration(offset, width);

        // The BAR stays where it is: whatever lies under another one is no matter of this device.
        if (offset is (< 0x04 or >= 0x28))
            Function.WriteConfiguration(offset, width, (uint)Value(random));
    }

    private void WriteMemory(Random random)
    {
        Span<byte> ram = Machine.Ram.Bytes;
        int at = random.Next(ram.Length - 64) & ~7;
        BitConverter.TryWriteBytes(ram[at..], Value(random));
        BitConverter.TryWriteBytes(ram[(at + 8)..], Value(random));
    }

    private void PauseAndResume()
    {
        if (Function is not IPausableDevice device)
            return;
        device.Pause();
        device.Resume();
    }

    /// <summary>What was saved is restored; sometimes damaged, which is refused or not, and then the machine is switched on anew.</summary>
    private void SaveAndRestore(Random random)
    {
        byte[] saved = TestMachine.Save(Function);
        if (random.Next(4) != 0)
        {
            TestMachine.Restore(Function, saved);
            return;
        }

        for (int i = 0; i < 4; i++)
            saved[random.Next(1, saved.Length)] ^= (byte)(1 << random.Next(8));
        try
        {
            TestMachine.Restore(Function, saved);
        }
        catch (SavedStateException)
        {
            // As it should be.
        }

        Restart();
    }

    private void Restart()
    {
        Function.Reset();
        PciResources.Assign(_bus);
    }
}
