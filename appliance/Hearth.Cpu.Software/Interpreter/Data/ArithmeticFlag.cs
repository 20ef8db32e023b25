using System.Numerics;

namespace Hearth.Cpu.Software;

/// <summary>The arithmetic flags as bits of <see cref="VcpuState.ArithmeticFlags"/> (Intel SDM Vol. 1, section 3.4.3.1).</summary>
internal static class ArithmeticFlag
{
    public const ulong Carry = 1 << 0;
    public const ulong Parity = 1 << 2;
    public const ulong Adjust = 1 << 4;
    public const ulong Zero = 1 << 6;
    public const ulong Sign = 1 << 7;
    public const ulong Overflow = 1 << 11;
    public const ulong All = Carry | Parity | Adjust | Zero | Sign | Overflow;

    /// <summary>All flags as CMP sets them.</summary>
    /// <param name="left">Zero-extended to 64 bits.</param>
    /// <param name="right">Zero-extended to 64 bits.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    public static ulong OfCompare(ulong left, ulong right, int size)
    {
        ulong result = (left - right) & OperandAccess.Mask(size);
        ulong top = 1UL << ((size * 8) - 1);
        ulong flags = OfResult(result, size) | ((left ^ right ^ result) & Adjust);
        if (left < right)
            flags |= Carry;
        if (((left ^ right) & (left ^ result) & top) != 0)
            flags |= Overflow;
        return flags;
    }

    /// <summary>All flags as ADD sets them.</summary>
    /// <inheritdoc cref="OfCompare"/>
    public static ulong OfAdd(ulong left, ulong right, int size)
    {
        ulong result = (left + right) & OperandAccess.Mask(size);
        ulong top = 1UL << ((size * 8) - 1);
        ulong flags = OfResult(result, size) | ((left ^ right ^ result) & Adjust);
        if (result < left)
            flags |= Carry;
        if ((~(left ^ right) & (left ^ result) & top) != 0)
            flags |= Overflow;
        return flags;
    }

    /// <summary>Zero, sign and parity of a result; the others are clear.</summary>
    public static ulong OfResult(ulong result, int size)
    {
        ulong flags = (result >> ((size * 8) - 1)) << 7;
        if (result == 0)
            flags |= Zero;
        if ((BitOperations.PopCount((uint)(result & 0xFF)) & 1) == 0)
            flags |= Parity;
        return flags;
    }
}
