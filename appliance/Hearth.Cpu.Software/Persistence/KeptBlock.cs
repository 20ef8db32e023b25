using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>A block as a <see cref="TranslationFile"/> holds it.</summary>
/// <remarks>
/// A record: mode (4 bytes), page offset, guest length (2 each), code length (4), offsets of the checked and the near entry, numbers of relocations and of map
/// entries (2 each), age (1) and 3 bytes of padding; then relocations and map entries (4 each), code and guest bytes; padded to 8. Integers are little-endian.
/// In the code, displacements of jumps to stubs are replaced by the stubs' offsets from the start of the code cache.
/// </remarks>
internal readonly ref struct KeptBlock
{
    public const int HeaderLength = 24;

    public required ModeFlags Mode { get; init; }

    public required int Offset { get; init; }

    public required int CheckedEntry { get; init; }

    public required int NearEntry { get; init; }

    /// <summary>Runs that had no use for it.</summary>
    public required byte Age { get; init; }

    public required ReadOnlySpan<uint> Relocations { get; init; }

    /// <summary>Offset of the host's code from the block's start and, in the upper 16 bits, of the guest's instruction in its page.</summary>
    public required ReadOnlySpan<uint> Map { get; init; }

    public required ReadOnlySpan<byte> Code { get; init; }

    /// <summary>The guest's code.</summary>
    public required ReadOnlySpan<byte> Bytes { get; init; }

    /// <summary>Reads a record.</summary>
    /// <param name="length">How long it is; 0 when it does not fit into what is there, or is none that was ever written.</param>
    public static KeptBlock Read(ReadOnlySpan<byte> from, out int length)
    {
        length = 0;
        if (from.Length < HeaderLength)
            return default;
        int guest = MemoryMarshal.Read<ushort>(from[6..]);
        int code = MemoryMarshal.Read<int>(from[8..]);
        int relocations = MemoryMarshal.Read<ushort>(from[16..]);
        int map = MemoryMarshal.Read<ushort>(from[18..]);
        int checkedEntry = MemoryMarshal.Read<ushort>(from[12..]);
        int nearEntry = MemoryMarshal.Read<ushort>(from[14..]);
        if (code is < 16 or > Relocation.LongestBlock || guest is 0 or > 4096)
            return default;

        // A block notes them in a byte each.
        if (Math.Max(checkedEntry, nearEntry) > Math.Min(code - 1, byte.MaxValue))
            return default;
        int whole = (HeaderLength + ((relocations + map) * sizeof(uint)) + code + guest + 7) & ~7;
        if (whole > from.Length)
            return default;
        int at = HeaderLength + ((relocations + map) * sizeof(uint));
        length = whole;
        return new KeptBlock
        {
            Mode = (ModeFlags)MemoryMarshal.Read<uint>(from),
            Offset = MemoryMarshal.Read<ushort>(from[4..]) & 0xFFF,
            CheckedEntry = checkedEntry,
            NearEntry = nearEntry,
            Age = from[20],
            Relocations = MemoryMarshal.Cast<byte, uint>(from.Slice(HeaderLength, relocations * sizeof(uint))),
            Map = MemoryMarshal.Cast<byte, uint>(from.Slice(HeaderLength + (relocations * sizeof(uint)), map * sizeof(uint))),
            Code = from.Slice(at, code),
            Bytes = from.Slice(at + code, guest),
        };
    }

    /// <summary>Writes a record.</summary>
    public void Write(Stream to, byte age)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        MemoryMarshal.Write(header, (uint)Mode);
        MemoryMarshal.Write(header[4..], (ushort)Offset);
        MemoryMarshal.Write(header[6..], (ushort)Bytes.Length);
        MemoryMarshal.Write(header[8..], Code.Length);
        MemoryMarshal.Write(header[12..], (ushort)CheckedEntry);
        MemoryMarshal.Write(header[14..], (ushort)NearEntry);
        MemoryMarshal.Write(header[16..], (ushort)Relocations.Length);
        MemoryMarshal.Write(header[18..], (ushort)Map.Length);
        header[20] = age;
        to.Write(header);
        to.Write(MemoryMarshal.AsBytes(Relocations));
        to.Write(MemoryMarshal.AsBytes(Map));
        to.Write(Code);
        to.Write(Bytes);
        ReadOnlySpan<byte> padding = [0, 0, 0, 0, 0, 0, 0];
        to.Write(padding[..(-(((Relocations.Length + Map.Length) * sizeof(uint)) + Code.Length + Bytes.Length) & 7)]);
    }
}
