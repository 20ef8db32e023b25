using System.Buffers.Binary;

namespace Hearth.Storage.Qcow2;

/// <summary>Reads tables of one length one after another, all into the same memory.</summary>
/// <param name="count">Entries of each.</param>
internal sealed class Qcow2TableReader(ImageFile file, int count)
{
    private readonly byte[] _bytes = new byte[count * sizeof(ulong)];
    private readonly ulong[] _entries = new ulong[count];

    /// <param name="offset">Bytes into the file; what lies beyond its end is zeros.</param>
    /// <returns>The entries, until the next is read.</returns>
    public ReadOnlySpan<ulong> Read(long offset)
    {
        int inside = (int)Math.Clamp(file.Length - offset, 0, _bytes.Length);
        file.Read(_bytes.AsMemory(0, inside), offset);
        _bytes.AsSpan(inside).Clear();
        for (int i = 0; i < _entries.Length; i++)
            _entries[i] = BinaryPrimitives.ReadUInt64BigEndian(_bytes.AsSpan(i * sizeof(ulong)));
        return _entries;
    }
}
