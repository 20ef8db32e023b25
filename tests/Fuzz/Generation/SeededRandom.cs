namespace Hearth.Fuzz.Generation;

/// <summary>SplitMix64: every test is reproducible from one 64-bit seed, on every version of the runtime.</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>From <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(ReadOnlySpan<T> from) => from[Below(from.Length)];

    public void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i += 8)
        {
            Span<byte> rest = bytes[i..];
            if (rest.Length >= 8)
                BitConverter.TryWriteBytes(rest, Next());
            else
                BitConverter.GetBytes(Next()).AsSpan(0, rest.Length).CopyTo(rest);
        }
    }

    /// <summary>The seed of one of many tests, unlike those of its neighbours.</summary>
    public static ulong Derive(ulong seed, ulong index) => new SeededRandom(seed ^ (index * 0xD6E8_FEB8_6659_FD93)).Next();
}
