namespace Hearth.Cpu.Software;

/// <summary>Counts the elements that a repeated SCAS or CMPS passes over, without the one that ends it.</summary>
internal static unsafe class ElementSearch
{
    /// <summary>SCAS.</summary>
    /// <param name="low">The lowest byte of the run.</param>
    public static int PassOver(byte* low, int count, in StringOperation operation, ulong value) => operation.ElementSize switch
    {
        1 => PassOver(new ReadOnlySpan<byte>(low, count), (byte)value, operation),
        2 => PassOver(new ReadOnlySpan<ushort>(low, count), (ushort)value, operation),
        4 => PassOver(new ReadOnlySpan<uint>(low, count), (uint)value, operation),
        _ => PassOver(new ReadOnlySpan<ulong>(low, count), value, operation),
    };

    /// <summary>CMPS.</summary>
    /// <param name="left">The lowest byte of the run at RSI.</param>
    /// <param name="right">The lowest byte of the run at RDI.</param>
    public static int PassOver(byte* left, byte* right, int count, in StringOperation operation) => operation.ElementSize switch
    {
        1 => PassOver(new ReadOnlySpan<byte>(left, count), new ReadOnlySpan<byte>(right, count), operation),
        2 => PassOver(new ReadOnlySpan<ushort>(left, count), new ReadOnlySpan<ushort>(right, count), operation),
        4 => PassOver(new ReadOnlySpan<uint>(left, count), new ReadOnlySpan<uint>(right, count), operation),
        _ => PassOver(new ReadOnlySpan<ulong>(left, count), new ReadOnlySpan<ulong>(right, count), operation),
    };

    private static int PassOver<T>(ReadOnlySpan<T> run, T value, in StringOperation operation)
        where T : unmanaged, IEquatable<T>
    {
        int found = (operation.Descends, operation.ContinuesOnZero) switch
        {
            (false, false) => run.IndexOf(value),
            (false, true) => run.IndexOfAnyExcept(value),
            (true, false) => run.LastIndexOf(value),
            _ => run.LastIndexOfAnyExcept(value),
        };
        if (found < 0)
            return run.Length;
        return operation.Descends ? run.Length - 1 - found : found;
    }

    private static int PassOver<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, in StringOperation operation)
        where T : unmanaged, IEquatable<T>
    {
        if (!operation.Descends && operation.ContinuesOnZero)
            return left.CommonPrefixLength(right);
        for (int i = 0; i < left.Length; i++)
        {
            int at = operation.Descends ? left.Length - 1 - i : i;
            if (left[at].Equals(right[at]) != operation.ContinuesOnZero)
                return i;
        }

        return left.Length;
    }
}
