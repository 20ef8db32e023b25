using System.Buffers.Binary;
using System.Text;
using Hearth.Machine;
using Hearth.Snapshots.Pages;

namespace Hearth.Snapshots.States;

/// <summary>The file that says what a state consists of.</summary>
/// <remarks>Layout, little-endian: magic <c>"HRTHSTAT"</c>, version (32 bits), a checksum of the rest (CRC-32C, 32), and the rest, as <see cref="StateWriter"/> writes it.</remarks>
/// <param name="Leaves">Of the <see cref="PageTable"/>.</param>
/// <param name="Parts">Names, lengths and checksums of the other files of the state.</param>
internal sealed record Manifest(SavedState State, IReadOnlyList<PageReference> Leaves, IReadOnlyList<StatePart> Parts)
{
    /// <summary>Its name in the folder of the state.</summary>
    public const string FileName = "manifest";

    private const uint Version = 1;
    private const int VersionOffset = 8;
    private const int ChecksumOffset = 12;
    private const int PrefixLength = 16;
    private const int MaximumName = 256;
    private const int MaximumParts = 64;

    /// <summary>Of a guest with 1 TiB of memory.</summary>
    private const int MaximumLeaves = 1 << 19;

    public const long MaximumPages = MaximumLeaves * (long)PageTable.LeafPages;

    /// <summary>Longer files are none of ours.</summary>
    public const long MaximumLength = (1L << 20) + (MaximumLeaves * (long)PageReference.Length);

    private static ReadOnlySpan<byte> Magic => "HRTHSTAT"u8;

    /// <exception cref="SnapshotException">It is longer than it may be.</exception>
    public static void RequireName(string name)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MaximumName)
            throw new SnapshotException($"the name \"{name}\" has none or more than {MaximumName} bytes");
    }

    /// <summary>Refuses a part that cannot be a file beside the others.</summary>
    /// <param name="there">Names of those there are.</param>
    /// <exception cref="SnapshotException">It is no file name, is taken, or there are too many.</exception>
    public static void RequirePart(string name, IReadOnlyCollection<string> there)
    {
        RequireName(name);
        if (name is "." or ".." or FileName || name.Contains('/', StringComparison.Ordinal) || there.Contains(name) || there.Count == MaximumParts)
            throw new SnapshotException($"a state cannot have a part \"{name}\" beside the {there.Count} it has");
    }

    public byte[] Write()
    {
        var body = new StateWriter();
        body.WriteInt64(State.Id);
        body.WriteBytes(Encoding.UTF8.GetBytes(State.Guest));
        body.WriteInt64(State.Taken.UtcTicks);
        body.WriteInt64(State.Pages);
        body.WriteInt64(State.NewBytes);
        foreach (PageReference leaf in Leaves)
            body.WriteUInt64(leaf.Value);
        body.WriteUInt32((uint)Parts.Count);
        foreach (StatePart part in Parts)
        {
            body.WriteBytes(Encoding.UTF8.GetBytes(part.Name));
            body.WriteInt64(part.Length);
            body.WriteUInt32(part.Checksum);
        }

        var file = new byte[PrefixLength + body.Written.Length];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(VersionOffset), Version);
        body.Written.Span.CopyTo(file.AsSpan(PrefixLength));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(ChecksumOffset), Crc32C.Compute(file.AsSpan(PrefixLength)));
        return file;
    }

    /// <param name="name">How messages call the file.</param>
    /// <exception cref="SnapshotException">It is damaged, or of a later version.</exception>
    public static Manifest Read(byte[] file, string name)
    {
        if (file.Length < PrefixLength || !file.AsSpan().StartsWith(Magic))
            throw new SnapshotException($"{name} is damaged: it does not begin as it should");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(VersionOffset));
        if (version != Version)
            throw new SnapshotException($"{name} has format version {version}; version {Version} is known here");
        if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(ChecksumOffset)) != Crc32C.Compute(file.AsSpan(PrefixLength)))
            throw new SnapshotException($"{name} is damaged: its checksum is wrong");
        try
        {
            return ReadBody(new StateReader(name, file.AsMemory(PrefixLength)), name);
        }
        catch (SavedStateException error)
        {
            throw new SnapshotException($"{name} is damaged: {error.Message.TrimEnd('.')}", error);
        }
    }

    private static Manifest ReadBody(StateReader from, string name)
    {
        long id = from.ReadInt64();
        string guest = Encoding.UTF8.GetString(from.ReadBytes(MaximumName));
        long ticks = from.ReadInt64();
        long pages = from.ReadInt64();
        long newBytes = from.ReadInt64();
        if (id <= 0 || pages is < 0 or > MaximumPages || ticks < 0 || ticks > DateTime.MaxValue.Ticks)
            throw new SnapshotException($"{name} is damaged: it says what cannot be");
        var leaves = new PageReference[PageTable.LeavesFor(pages)];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = new PageReference(from.ReadUInt64());
        uint count = from.ReadUInt32();
        if (count > MaximumParts)
            throw new SnapshotException($"{name} is damaged: it has {count} parts");
        var parts = new StatePart[count];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = new StatePart(Encoding.UTF8.GetString(from.ReadBytes(MaximumName)), from.ReadInt64(), from.ReadUInt32());
        return new Manifest(new SavedState(id, guest, new DateTimeOffset(ticks, TimeSpan.Zero), pages, newBytes), leaves, parts);
    }
}
