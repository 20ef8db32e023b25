using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>What a guest may write that means no good.</summary>
internal static class Hostile
{
    private static readonly AccessWidth[] s_widths = [AccessWidth.Byte, AccessWidth.Word, AccessWidth.Dword, AccessWidth.Qword];

    /// <summary>A number that is a size, an address in RAM, or nonsense.</summary>
    public static ulong Value(Random random) => random.Next(6) switch
    {
        0 => (ulong)random.Next(256),
        1 => (ulong)random.Next(1 << 20),
        2 => 1UL << random.Next(64),
        3 => ulong.MaxValue - (ulong)random.Next(256),
        _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
    };

    public static AccessWidth MemoryWidth(Random random) => s_widths[random.Next(s_widths.Length)];

    public static AccessWidth PortWidth(Random random) => s_widths[random.Next(s_widths.Length - 1)];

    /// <summary>Changes some bits of a saved state, but not of its version.</summary>
    public static void Damage(Random random, Span<byte> saved)
    {
        for (int i = random.Next(1, 5); i > 0; i--)
            saved[random.Next(1, saved.Length)] ^= (byte)(1 << random.Next(8));
    }
}
