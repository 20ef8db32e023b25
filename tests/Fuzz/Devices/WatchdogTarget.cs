using Hearth.Devices.Pci.I6300Esb;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>The watchdog timer.</summary>
internal sealed class WatchdogTarget : PciTarget, IDisposable
{
    private const int Registers = 0x10;
    private const byte LockRegister = 0x68;

    private static readonly int[] s_regions = [0];
    private static readonly ulong[] s_offsets = [0x00, 0x04, 0x08, 0x0C];

    private readonly I6300EsbDevice _device;

    public WatchdogTarget()
    {
        _device = new I6300EsbDevice(Machine.Context);
        Plug(_device);
    }

    protected override ReadOnlySpan<int> Regions => s_regions;

    /// <summary>A second: the shortest stages are a millisecond, the longest take a thousand seconds.</summary>
    protected override int LongestStep => 30;

    public void Dispose() => _device.Dispose();

    protected override void ActAsDriver(Random random)
    {
        Write(0x0C, AccessWidth.Word, 0x80);
        Write(0x0C, AccessWidth.Word, 0x86);
        ulong value = random.Next(2) == 0 ? (ulong)random.Next(1 << random.Next(1, 20)) : Hostile.Value(random);
        Write(random.Next(8) == 0 ? (ulong)random.Next(Registers) : s_offsets[random.Next(s_offsets.Length)], AccessWidth.Dword, value);
        if (random.Next(4) == 0)
            Function.WriteConfiguration(LockRegister, AccessWidth.Byte, (uint)(random.Next(8) & (random.Next(50) == 0 ? 7 : 6)));
    }

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(100) == 0)
            Restart();
    }
}
