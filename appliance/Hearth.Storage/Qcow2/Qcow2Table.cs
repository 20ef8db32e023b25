using System.Buffers.Binary;

namespace Hearth.Storage.Qcow2;

/// <summary>Tables of 64-bit entries that are read and written as a whole.</summary>
internal static class Qcow2Table
{
    /// <param name="offset">Bytes into the file.</param>
    /// <param name="count">Entries; those beyond the file's end are zero.</param>
    public static ulong[] Read(ImageFile file, long offset, int count)
    {
        var bytes = new byte[count * (long)sizeof(ulong)];
        file.Read(bytes.AsMemory(0, (int)Math.Clamp(file.Length - offset, 0, bytes.Length)), offset);
        var entries = new ulong[count];
        for (int i = 0; i < count; i++)
            entries[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)));
        return entries;
    }

    /// <param name="offset">Bytes into the file.</param>
    public static void Write(ImageFile file, long offset, ReadOnlySpan<ulong> entries)
    {
        var bytes = new byte[entries.Length * (long)sizeof(ulong)];
        for (int i = 0; i < entries.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)), entries[i]);
        file.EnsureLength(offset + bytes.Length);
        file.Write(bytes, offset);
    }
}
