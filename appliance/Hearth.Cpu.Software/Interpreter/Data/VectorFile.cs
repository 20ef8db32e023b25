namespace Hearth.Cpu.Software;

/// <summary>The vector registers in the form of the XSAVE areas: XMM and the upper halves of YMM apart.</summary>
internal static unsafe class VectorFile
{
    private const int HalfLength = 16;

    // SAFETY: count is 8 or 16 everywhere, so the whole lies in the Ymm array and in the caller's 16 * count bytes.

    /// <param name="to">16 * <paramref name="count"/> bytes.</param>
    public static void StoreHalves(VcpuState* state, bool upper, int count, byte* to)
    {
        for (int i = 0; i < count; i++)
            Copy(Half(state, i, upper), to + (i * HalfLength));
    }

    public static void LoadHalves(VcpuState* state, bool upper, int count, byte* from)
    {
        for (int i = 0; i < count; i++)
            Copy(from + (i * HalfLength), Half(state, i, upper));
    }

    public static void ClearHalves(VcpuState* state, bool upper, int count)
    {
        for (int i = 0; i < count; i++)
            new Span<byte>(Half(state, i, upper), HalfLength).Clear();
    }

    public static bool AnyHalfSet(VcpuState* state, bool upper, int count)
    {
        for (int i = 0; i < count; i++)
        {
            ulong* half = (ulong*)Half(state, i, upper);
            if ((half[0] | half[1]) != 0)
                return true;
        }

        return false;
    }

    private static byte* Half(VcpuState* state, int number, bool upper) =>
        state->Ymm + (number * 2 * HalfLength) + (upper ? HalfLength : 0);

    private static void Copy(byte* from, byte* to)
    {
        ((ulong*)to)[0] = ((ulong*)from)[0];
        ((ulong*)to)[1] = ((ulong*)from)[1];
    }
}
