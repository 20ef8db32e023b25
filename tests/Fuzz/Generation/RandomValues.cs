using System.Buffers.Binary;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Generation;

/// <summary>Random values with a liking for the ones that break things.</summary>
internal static class RandomValues
{
    private static readonly ulong[] s_integers =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_8000_0000, 0x0000_8000_0000_0000, 0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA,
    ];

    private static readonly uint[] s_singles =
    [
        0, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_0001, 0x7F80_0001, 0x0000_0001, 0x8000_0001,
        0x007F_FFFF, 0x0080_0000, 0x7F7F_FFFF, 0x4F00_0000, 0xCF00_0000, 0x5F00_0000, 0x3F00_0000, 0x4B00_0001, 0x3DCC_CCCD,
    ];

    private static readonly ulong[] s_doubles =
    [
        0, 0x8000_0000_0000_0000, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
        0x7FF8_0000_0000_0000, 0x7FF0_0000_0000_0001, 0x0000_0000_0000_0001, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x7FEF_FFFF_FFFF_FFFF,
        0x41E0_0000_0000_0000, 0xC1E0_0000_0000_0000, 0x43E0_0000_0000_0000, 0x3FB9_9999_9999_999A, 0x47EF_FFFF_FFFF_FFFF, 0x3690_0000_0000_0000,
    ];

    private static readonly ushort[] s_extendedExponents = [0, 1, 0x3FFE, 0x3FFF, 0x4000, 0x401E, 0x403E, 0x7FFE, 0x7FFF, 0x8000, 0xBFFF, 0xFFFF];

    private static readonly ulong[] s_significands =
        [0, 1, 0x8000_0000_0000_0000, 0xC000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0x4000_0000_0000_0000, 0x8000_0000_0000_0001];

    public static ulong Integer(SeededRandom random) => random.Below(10) switch
    {
        < 3 => random.Pick<ulong>(s_integers),
        < 4 => random.Pick<ulong>(s_integers) + (ulong)random.Between(-3, 3),
        < 6 => (ulong)(long)random.Between(-200, 200),
        < 7 => random.Next() & uint.MaxValue,
        _ => random.Next(),
    };

    /// <summary>Fills with elements of one size; the sizes are those of vector operands.</summary>
    public static void Vector(SeededRandom random, Span<byte> bytes)
    {
        switch (random.Below(4))
        {
            case 0:
                random.Fill(bytes);
                break;
            case 1:
                for (int i = 0; i + 4 <= bytes.Length; i += 4)
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes[i..], Single(random));
                break;
            case 2:
                for (int i = 0; i + 8 <= bytes.Length; i += 8)
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], Double(random));
                break;
            default:
                for (int i = 0; i + 8 <= bytes.Length; i += 8)
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], Integer(random));
                break;
        }
    }

    /// <summary>An 80-bit value, which may be one of the unsupported formats (Intel SDM Vol. 1, table 8-3).</summary>
    public static void Extended(SeededRandom random, Span<byte> bytes)
    {
        ulong significand = random.Chance(40) ? random.Pick<ulong>(s_significands) : random.Next() | (random.Chance(85) ? 1UL << 63 : 0);
        ushort exponent = random.Below(4) switch
        {
            0 => random.Pick<ushort>(s_extendedExponents),
            1 => (ushort)random.Next(),
            _ => (ushort)(0x3FFF + random.Between(-70, 70) + (random.Chance(50) ? 0x8000 : 0)),
        };
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, significand);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], exponent);
    }

    /// <summary>A selector that a program can, or cannot, load.</summary>
    public static ushort Selector(SeededRandom random)
    {
        ReadOnlySpan<ushort> selectors =
        [
            Selectors.Data, Selectors.Data, Selectors.Data, Selectors.Code32, Selectors.Code64, Selectors.Code16, Selectors.Data16, Selectors.Stack16,
            0, 3, 0x10, 0x18, 0x28, 0x1F, 0x87, 0xFFFB,
        ];
        return random.Pick(selectors);
    }

    private static uint Single(SeededRandom random) => random.Below(5) switch
    {
        < 2 => random.Pick<uint>(s_singles),
        2 => BitConverter.SingleToUInt32Bits(random.Between(-100000, 100000) / 16f),
        3 => (uint)random.Next() & 0xBFFF_FFFF,
        _ => (uint)random.Next(),
    };

    private static ulong Double(SeededRandom random) => random.Below(5) switch
    {
        < 2 => random.Pick<ulong>(s_doubles),
        2 => BitConverter.DoubleToUInt64Bits(random.Between(-100000, 100000) / 16.0),
        3 => BitConverter.DoubleToUInt64Bits(random.Between(-1000000, 1000000) * 1e-3),
        _ => random.Next(),
    };
}
