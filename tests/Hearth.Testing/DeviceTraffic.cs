using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>
/// Random guest accesses to everything a device has mapped. Two of the same seed do the same to two machines, and
/// <see cref="Digest"/> tells whether both machines answered alike.
/// </summary>
public sealed class DeviceTraffic
{
    private static readonly AccessWidth[] s_memoryWidths = [AccessWidth.Byte, AccessWidth.Word, AccessWidth.Dword, AccessWidth.Qword];
    private static readonly AccessWidth[] s_portWidths = [AccessWidth.Byte, AccessWidth.Word, AccessWidth.Dword];
    private static readonly ulong[] s_values = [0, 1, 0x80, 0xFF, 0xFFFF, 0x8000_0000, 0xFFFF_FFFF, ulong.MaxValue];

    private readonly TestMachine _machine;
    private readonly Random _random;

    public DeviceTraffic(TestMachine machine, int seed)
    {
        _machine = machine;
        _random = new Random(seed);
    }

    /// <summary>A digest of every value read so far.</summary>
    public ulong Digest { get; private set; } = 14695981039346656037;

    /// <summary>Does random reads and writes, without time passing.</summary>
    public void Access(int count)
    {
        for (int i = 0; i < count; i++)
            AccessOnce();
    }

    /// <summary>Does random reads and writes and lets time pass between them.</summary>
    public void AccessAndWait(int count)
    {
        for (int i = 0; i < count; i++)
        {
            AccessOnce();
            if (_random.Next(8) == 0)
                _machine.Clock.Advance(_random.NextInt64(1L << _random.Next(30)));
        }
    }

    private void AccessOnce()
    {
        int ports = _machine.Ports.Ranges.Count;
        int memory = _machine.Memory.Ranges.Count;
        if (ports + memory == 0)
            return;
        int index = _random.Next(ports + memory);
        if (index < ports)
            AccessOnce(_machine.Ports.Bus, _machine.Ports.Ranges[index], s_portWidths);
        else
            AccessOnce(_machine.Memory.Bus, _machine.Memory.Ranges[index - ports], s_memoryWidths);
    }

    private void AccessOnce(Bus bus, AddressRange range, AccessWidth[] widths)
    {
        AccessWidth width = widths[_random.Next(widths.Length)];

        // Registers crowd at the start of a range: half of the accesses go there.
        ulong span = _random.Next(2) == 0 ? Math.Min(range.Length, 64) : range.Length;
        ulong address = range.Start + ((ulong)_random.NextInt64() % span);
        if (_random.Next(2) == 0)
            bus.Write(address, width, NextValue());
        else
            Digest = (Digest ^ bus.Read(address, width)) * 1099511628211;
    }

    private ulong NextValue() => _random.Next(3) switch
    {
        0 => s_values[_random.Next(s_values.Length)],
        1 => (ulong)_random.Next(256),
        _ => (ulong)_random.NextInt64(long.MinValue, long.MaxValue),
    };
}
