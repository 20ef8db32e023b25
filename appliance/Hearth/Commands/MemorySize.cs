using System.Globalization;

namespace Hearth.Commands;

/// <summary>An amount of guest memory as people write it: a number with K, M, G or T, or plain bytes.</summary>
internal static class MemorySize
{
    /// <summary>Bytes: room for a boot loader's structures and a small kernel.</summary>
    public const ulong Minimum = 2UL << 20;

    private const ulong PageSize = 4096;

    /// <param name="text">For example <c>512M</c>.</param>
    /// <param name="host">Bytes of memory the host has.</param>
    /// <exception cref="UsageException">It is no size, or none a guest can have here.</exception>
    public static ulong Parse(string text, ulong host)
    {
        ulong bytes = ParseBytes("--memory", text);
        if (bytes < Minimum)
            throw new UsageException($"--memory {text} is too little: a guest needs at least {Minimum >> 20}M");
        if (bytes > host)
            throw new UsageException($"--memory {text} is more than this host has ({host >> 20}M)");
        if (bytes % PageSize != 0)
            throw new UsageException($"--memory {text} is no multiple of {PageSize} bytes");
        return bytes;
    }

    /// <summary>Some of a guest's memory, which may be none.</summary>
    /// <exception cref="UsageException">It is no size in whole pages.</exception>
    public static ulong ParsePart(string option, string text)
    {
        ulong bytes = ParseBytes(option, text);
        return bytes % PageSize == 0 ? bytes : throw new UsageException($"{option} {text} is no multiple of {PageSize} bytes");
    }

    private static ulong ParseBytes(string option, string text)
    {
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        ReadOnlySpan<char> digits = shift == 0 ? text : text.AsSpan(0, text.Length - 1);
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
            throw new UsageException($"{option} {text} is no size: write a number with K, M, G or T, such as 512M");
        bool fits = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number <= ulong.MaxValue >> shift;
        return fits ? number << shift : ulong.MaxValue;
    }
}
