using System.Buffers.Binary;
using System.Text;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>The table of an image's internal snapshots, as bytes and as a list.</summary>
/// <param name="Length">Bytes that it takes in the file, as whoever wrote it has.</param>
internal sealed record Qcow2SnapshotTable(IReadOnlyList<Qcow2Snapshot> Snapshots, long Length)
{
    private const int FixedLength = 40;

    // Length of the VM state and size of the disk.
    private const int KnownExtraLength = 16;
    private const int MaximumExtraLength = 1024;

    /// <exception cref="StorageException">The table is damaged.</exception>
    public static Qcow2SnapshotTable Read(ImageFile file, Qcow2Header header)
    {
        var snapshots = new List<Qcow2Snapshot>(header.SnapshotCount);
        long at = header.Snapshots;
        for (int i = 0; i < header.SnapshotCount; i++)
        {
            if (at - header.Snapshots > MaximumSnapshotTableLength)
                throw Damaged(file, at, "the snapshot table is too long");
            snapshots.Add(ReadOne(file, header, at, out int length));
            at += length;
        }

        return new Qcow2SnapshotTable(snapshots, at - header.Snapshots);
    }

    public static byte[] ToBytes(IReadOnlyList<Qcow2Snapshot> snapshots)
    {
        var bytes = new byte[snapshots.Sum(snapshot => (long)LengthOf(snapshot))];
        int at = 0;
        foreach (Qcow2Snapshot snapshot in snapshots)
        {
            WriteOne(snapshot, bytes.AsSpan(at));
            at += LengthOf(snapshot);
        }

        return bytes;
    }

    private static int LengthOf(Qcow2Snapshot snapshot)
    {
        int length = FixedLength + KnownExtraLength + snapshot.Extra.Length + Encoding.UTF8.GetByteCount(snapshot.Id) + Encoding.UTF8.GetByteCount(snapshot.Name);
        return (length + 7) & ~7;
    }

    private static Qcow2Snapshot ReadOne(ImageFile file, Qcow2Header header, long at, out int length)
    {
        byte[] entry = ReadBytes(file, at, FixedLength);
        int idLength = BinaryPrimitives.ReadUInt16BigEndian(entry.AsSpan(12));
        int nameLength = BinaryPrimitives.ReadUInt16BigEndian(entry.AsSpan(14));
        uint extraLength = BinaryPrimitives.ReadUInt32BigEndian(entry.AsSpan(36));
        if (extraLength > MaximumExtraLength)
            throw Damaged(file, at + 36, $"a snapshot has {extraLength} bytes of extra data");
        byte[] rest = ReadBytes(file, at + FixedLength, (int)extraLength + idLength + nameLength);
        length = (FixedLength + rest.Length + 7) & ~7;
        ulong l1Table = BinaryPrimitives.ReadUInt64BigEndian(entry);
        uint l1Size = BinaryPrimitives.ReadUInt32BigEndian(entry.AsSpan(8));
        bool isInside = (l1Table & (ulong)(header.ClusterLength - 1)) == 0 && l1Table < (ulong)file.Length && l1Size <= MaximumL1Length / sizeof(ulong)
            && (l1Size * (ulong)sizeof(ulong)) <= (ulong)file.Length - l1Table;
        if (!isInside)
            throw Damaged(file, at, $"a snapshot's L1 table of {l1Size} entries at offset {l1Table} cannot be");
        ReadOnlySpan<byte> extra = rest.AsSpan(0, (int)extraLength);
        return new Qcow2Snapshot(
            (long)l1Table,
            (int)l1Size,
            Encoding.UTF8.GetString(rest, (int)extraLength, idLength),
            Encoding.UTF8.GetString(rest, (int)extraLength + idLength, nameLength),
            BinaryPrimitives.ReadUInt32BigEndian(entry.AsSpan(16)),
            BinaryPrimitives.ReadUInt32BigEndian(entry.AsSpan(20)),
            BinaryPrimitives.ReadUInt64BigEndian(entry.AsSpan(24)),
            extra.Length >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(extra) : BinaryPrimitives.ReadUInt32BigEndian(entry.AsSpan(32)),
            extra.Length >= KnownExtraLength ? BinaryPrimitives.ReadUInt64BigEndian(extra[8..]) : header.Size,
            extra.Length > KnownExtraLength ? extra[KnownExtraLength..].ToArray() : []);
    }

    private static void WriteOne(Qcow2Snapshot snapshot, Span<byte> to)
    {
        byte[] id = Encoding.UTF8.GetBytes(snapshot.Id);
        byte[] name = Encoding.UTF8.GetBytes(snapshot.Name);
        BinaryPrimitives.WriteInt64BigEndian(to, snapshot.L1Table);
        BinaryPrimitives.WriteUInt32BigEndian(to[8..], (uint)snapshot.L1Size);
        BinaryPrimitives.WriteUInt16BigEndian(to[12..], (ushort)id.Length);
        BinaryPrimitives.WriteUInt16BigEndian(to[14..], (ushort)name.Length);
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], snapshot.Seconds);
        BinaryPrimitives.WriteUInt32BigEndian(to[20..], snapshot.Nanoseconds);
        BinaryPrimitives.WriteUInt64BigEndian(to[24..], snapshot.VmClock);
        BinaryPrimitives.WriteUInt32BigEndian(to[32..], (uint)Math.Min(snapshot.VmStateLength, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(to[36..], (uint)(KnownExtraLength + snapshot.Extra.Length));
        to = to[FixedLength..];
        BinaryPrimitives.WriteUInt64BigEndian(to, snapshot.VmStateLength);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], snapshot.DiskSize);
        snapshot.Extra.CopyTo(to[KnownExtraLength..]);
        to = to[(KnownExtraLength + snapshot.Extra.Length)..];
        id.CopyTo(to);
        name.CopyTo(to[id.Length..]);
    }

    private static byte[] ReadBytes(ImageFile file, long at, int length)
    {
        if (at > file.Length - length)
            throw Damaged(file, at, "the snapshot table goes beyond the file's end");
        var bytes = new byte[length];
        file.Read(bytes, at);
        return bytes;
    }

    private static StorageException Damaged(ImageFile file, long at, string what) => new($"The disk '{file.Name}' is damaged at offset {at}: {what}.");
}
