namespace Hearth.Cpu.Software;

/// <summary>Copies as REP MOVS does: one element after the other, so that overlapping areas repeat a pattern.</summary>
internal static unsafe class ElementCopy
{
    /// <param name="from">The lowest byte of the source, whatever the direction.</param>
    /// <param name="to">The lowest byte of the destination.</param>
    /// <param name="length">Bytes, a multiple of <paramref name="size"/>.</param>
    /// <param name="size">1, 2, 4 or 8 bytes an element.</param>
    /// <param name="descends">From the highest element to the lowest.</param>
    public static void Copy(byte* from, byte* to, int length, int size, bool descends)
    {
        // SAFETY: the caller owns length bytes at both addresses.
        nint ahead = (nint)(to - from);
        bool feedsItself = descends ? ahead < 0 && -ahead < length : ahead > 0 && ahead < length;
        if (!feedsItself)
            Buffer.MemoryCopy(from, to, length, length);
        else if (descends)
            CopyDown(from, to, length, size);
        else if (ahead >= size)
            Propagate(from, to, length, (int)ahead);
        else
            CopyUp(from, to, length, size);
    }

    /// <summary>The source is the first period of a pattern; each round copies all that is already written.</summary>
    private static void Propagate(byte* from, byte* to, int length, int period)
    {
        int known = period;
        while (length > 0)
        {
            int part = Math.Min(known, length);
            Buffer.MemoryCopy(from, to, part, part);
            to += part;
            length -= part;
            known += part;
        }
    }

    private static void CopyUp(byte* from, byte* to, int length, int size)
    {
        for (int i = 0; i < length; i += size)
            CopyElement(from + i, to + i, size);
    }

    private static void CopyDown(byte* from, byte* to, int length, int size)
    {
        for (int i = length - size; i >= 0; i -= size)
            CopyElement(from + i, to + i, size);
    }

    private static void CopyElement(byte* from, byte* to, int size)
    {
        switch (size)
        {
            case 1:
                *to = *from;
                break;
            case 2:
                *(ushort*)to = *(ushort*)from;
                break;
            case 4:
                *(uint*)to = *(uint*)from;
                break;
            default:
                *(ulong*)to = *(ulong*)from;
                break;
        }
    }
}
