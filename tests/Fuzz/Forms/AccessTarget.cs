using Hearth.Fuzz.Generation;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Forms;

/// <summary>Where a memory operand points: mostly somewhere it works, and all the places where it does not.</summary>
internal static class AccessTarget
{
    private const int PageSize = MemoryLayout.PageSize;

    /// <summary>A linear address, for code with flat segments.</summary>
    public static ulong Flat(CodeMode mode, SeededRandom random)
    {
        ulong data = MemoryLayout.Data.Address;
        switch (random.Below(24))
        {
            case 0:
                return data + (ulong)(PageSize * random.Between(1, 3)) - (ulong)random.Between(1, 32);
            case 1:
                return MemoryLayout.ReadOnly.Address - (ulong)random.Between(1, 32);
            case 2:
                return MemoryLayout.ReadOnly.Address + (ulong)(random.Below(200) * 16);
            case 3:
                return MemoryLayout.ReadOnly.End - (ulong)random.Between(1, 32);
            case 4:
                return random.Chance(50) ? data - (ulong)random.Between(1, 32) : MemoryLayout.ReadOnly.End + (ulong)random.Below(256);
            case 5:
                return MemoryLayout.Code.Address + (ulong)random.Below(2 * PageSize);
            case 6:
                return MemoryLayout.Stack.Address + (ulong)random.Below(MemoryLayout.Stack.Length);
            case 7 or 8 when mode == CodeMode.Long:
                return MemoryLayout.High.Address + (ulong)random.Below(MemoryLayout.High.Length);
            case 9 when mode == CodeMode.Long && random.Chance(40):
                return Wild(random);
            default:
                ulong alignment = random.Chance(60) ? 32ul : 1;
                return data + ((ulong)random.Below(PageSize * 4 - 64) & ~(alignment - 1));
        }
    }

    /// <summary>An offset into a 16-bit segment.</summary>
    /// <param name="limit">Of the segment.</param>
    public static ulong InSegment(ulong limit, SeededRandom random) => random.Below(12) switch
    {
        0 => limit - (ulong)random.Below(40),
        1 => limit + 1 + (ulong)random.Below(16),
        2 => PageSize - (ulong)random.Between(1, 32),
        3 => 0x10000 - (ulong)random.Between(1, 32),
        4 or 5 => (ulong)random.Below((int)limit),
        _ => (ulong)random.Below((int)limit / 32) * 32,
    };

    private static ulong Wild(SeededRandom random) => random.Below(4) switch
    {
        0 => 0x0000_8000_0000_0000 - (ulong)random.Below(32),
        1 => 0xFFFF_8000_0000_0000 + (ulong)random.Below(4096) - 16,
        2 => (ulong)random.Below(4096),
        _ => random.Next(),
    };
}
