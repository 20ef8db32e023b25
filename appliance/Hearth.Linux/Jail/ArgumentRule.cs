namespace Hearth.Linux.Jail;

/// <summary>What an argument of a system call must be: some of its bits are compared with a value.</summary>
/// <param name="Index">0 to 5.</param>
/// <param name="Mask">The bits that count.</param>
/// <param name="Value">What they must be.</param>
public readonly record struct ArgumentRule(int Index, ulong Mask, ulong Value)
{
    private const ulong LowHalf = uint.MaxValue;

    /// <summary>All 64 bits: for a pointer or a length.</summary>
    public static ArgumentRule Is(int index, ulong value) => new(index, ulong.MaxValue, value);

    /// <summary>The low 32 bits: the kernel looks at no others of an <c>int</c>, and a program may have anything in them.</summary>
    public static ArgumentRule IsInt(int index, uint value) => new(index, LowHalf, value);

    /// <summary>No bits beside these.</summary>
    public static ArgumentRule IsAmong(int index, ulong bits) => new(index, ~bits, 0);
}
