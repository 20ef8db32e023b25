using System.Buffers.Binary;
using Hearth.Storage;
using Hearth.Storage.Qcow2;

namespace Hearth.Fuzz.Storage;

/// <summary>
/// Damages qcow2 images and does to them everything that can be done. Each ends in success or in one sentence; nothing else may be thrown, a
/// repaired image that is said to be whole is whole, and what an image that is taken for writing shows changes where it is written to and nowhere else.
/// </summary>
internal static class ImageFuzz
{
    private const int DiskLength = 256 << 10;
    private const int SectorLength = 512;

    private static readonly ulong[] s_values = [0, 1, 2, 0x1FF, 0x200, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF, 1UL << 40, 1UL << 55, 1UL << 62, 1UL << 63, (1UL << 63) | 0x10000, ulong.MaxValue];

    /// <summary>Runs tests one after the other.</summary>
    /// <param name="until">Ends the run early.</param>
    /// <returns>How many were run.</returns>
    /// <exception cref="InvalidOperationException">One failed; the message has its seed.</exception>
    public static long Run(ulong seed, long tests, Func<bool> until)
    {
        for (long i = 0; i < tests; i++)
        {
            if (until())
                return i;
            RunOne(seed + (ulong)i);
        }

        return tests;
    }

    /// <inheritdoc cref="Run"/>
    public static void RunOne(ulong seed)
    {
        var random = new Random((int)(seed ^ (seed >> 32)));
        byte[] image = Build(random);
        Damage(image, random);
        if (random.Next(8) == 0)
            Array.Resize(ref image, random.Next(image.Length));
        try
        {
            Survive(() => ReadAll(image));
            Survive(() => Check(image, random));
            Survive(() => Change(image, random));
            Survive(() => Edit(image, random));
        }
        catch (Exception error) when (error is not StorageException)
        {
            throw new InvalidOperationException($"the image of seed {seed:X}: {error}", error);
        }
    }

    private static void Survive(Action action)
    {
        try
        {
            action();
        }
        catch (StorageException)
        {
            // The sentence that a damaged image ends in.
        }
    }

    private static byte[] Build(Random random)
    {
        var store = new MemoryImageStore([]);
        int version = random.Next(2, 4);
        int clusterBits = random.Next(9, 14);
        Qcow2Creator.Create(new ImageFile(store, "fuzz"), new Qcow2Options(DiskLength)
        {
            Version = (uint)version,
            ClusterBits = clusterBits,
            RefcountOrder = version < 3 ? 4 : random.Next(1, 7),
            LazyRefcounts = version == 3 && random.Next(2) == 0,
        });
        Fill(store, random);
        if (random.Next(2) == 0)
            return store.Content;
        using (var editor = new Qcow2Editor(new ImageFile(store, "fuzz")))
        {
            editor.Create("first", DateTimeOffset.UnixEpoch);
            editor.Close();
        }

        Fill(store, random);
        return store.Content;
    }

    private static void Fill(MemoryImageStore store, Random random)
    {
        using var image = new Qcow2Image(new ImageFile(store, "fuzz"), null, isReadOnly: false, 1);
        ChangeAtRandom(image, random, 12);
        image.Close();
    }

    /// <summary>Values of interest where tables are likely: in the header, at the beginning of clusters, anywhere.</summary>
    private static void Damage(byte[] image, Random random)
    {
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            int at = random.Next(4) switch
            {
                0 => random.Next(112),
                1 => random.Next(image.Length / 512) * 512,
                _ => random.Next(image.Length / 8) * 8,
            };
            at = Math.Min(at, image.Length - sizeof(ulong));
            switch (random.Next(4))
            {
                case 0:
                    image[at] = (byte)random.Next(256);
                    break;
                case 1:
                    image[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(at), (uint)s_values[random.Next(s_values.Length)]);
                    break;
                default:
                    BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(at), s_values[random.Next(s_values.Length)] | (uint)(random.Next(2) * random.Next(image.Length)));
                    break;
            }
        }
    }

    private static void ReadAll(byte[] image)
    {
        using var disk = new Qcow2Image(new ImageFile(new MemoryImageStore(image), "fuzz"), null, isReadOnly: true, 1);
        using var scratch = new RequestScratch(0);
        var block = new byte[4096];
        long length = (long)Math.Min(disk.Length, 4 * DiskLength);
        for (long at = 0; at < length; at += block.Length)
            Survive(() => disk.Read(scratch, new BufferWindow(new Memory<byte>[] { block }, 0, block.Length), at));
    }

    private static void Check(byte[] image, Random random)
    {
        var store = new MemoryImageStore((byte[])image.Clone());
        var file = new ImageFile(store, "fuzz");
        _ = new Qcow2Checker(file, Qcow2Header.Read(file)).Check();
        CheckReport repaired = new Qcow2Checker(file, Qcow2Header.Read(file)).Repair();
        if (repaired.Errors != 0)
            return;
        CheckReport again = new Qcow2Checker(file, Qcow2Header.Read(file)).Check();
        if (!again.IsClean)
            throw new InvalidOperationException($"repaired, and not whole: {string.Join("; ", again.Findings)}");
        Survive(() => Change(store.Content, random));
    }

    private static void Change(byte[] image, Random random)
    {
        var store = new MemoryImageStore((byte[])image.Clone());
        using var disk = new Qcow2Image(new ImageFile(store, "fuzz"), null, isReadOnly: false, 1);
        byte[]?[] expected = ReadSectors(disk);
        ChangeAtRandom(disk, random, 20, expected);
        RequireSectors(disk, expected, "while it was open");
        disk.Close();
        try
        {
            using var again = new Qcow2Image(new ImageFile(store, "fuzz"), null, isReadOnly: false, 1);
            RequireSectors(again, expected, "after it was closed");
        }
        catch (StorageException error)
        {
            throw new InvalidOperationException($"closed, and not to be opened again: {error.Message}", error);
        }
    }

    /// <summary>What the disk shows, sector by sector; null where it cannot be read.</summary>
    private static byte[]?[] ReadSectors(Qcow2Image disk)
    {
        using var scratch = new RequestScratch(0);
        var sectors = new byte[]?[ChangedSectors(disk)];
        for (int i = 0; i < sectors.Length; i++)
        {
            var sector = new byte[SectorLength];
            try
            {
                disk.Read(scratch, new BufferWindow(new Memory<byte>[] { sector }, 0, SectorLength), (long)i * SectorLength);
                sectors[i] = sector;
            }
            catch (StorageException)
            {
                // Damaged there.
            }
        }

        return sectors;
    }

    private static void RequireSectors(Qcow2Image disk, byte[]?[] expected, string when)
    {
        byte[]?[] found = ReadSectors(disk);
        for (int i = 0; i < found.Length; i++)
        {
            if (expected[i] is { } sector && !sector.AsSpan().SequenceEqual(found[i]))
                throw new InvalidOperationException($"sector {i} changed {when}");
        }
    }

    private static int ChangedSectors(Qcow2Image image) => (int)Math.Min(image.Length / SectorLength, 2 * DiskLength / SectorLength);

    private static void Edit(byte[] image, Random random)
    {
        using var editor = new Qcow2Editor(new ImageFile(new MemoryImageStore((byte[])image.Clone()), "fuzz"));
        Survive(() => editor.Create("second", DateTimeOffset.UnixEpoch));
        Survive(() => editor.Apply("first"));
        Survive(() => editor.Resize((ulong)random.Next(1, 4 * DiskLength / 512) * 512));
        Survive(() => editor.Delete("first"));
        editor.Close();
    }

    /// <param name="expected">Gets what the changed sectors show then; null where that is not certain.</param>
    private static void ChangeAtRandom(Qcow2Image image, Random random, int count, byte[]?[]? expected = null)
    {
        using var scratch = new RequestScratch(0);
        int sectors = ChangedSectors(image);
        for (int i = 0; i < count; i++)
        {
            int first = random.Next(sectors);
            int length = Math.Min(sectors - first, random.Next(1, 40));
            int what = random.Next(8);
            bool isDone = false;
            Survive(() =>
            {
                ChangeOne(image, scratch, what, (long)first * SectorLength, length * SectorLength);
                isDone = true;
            });
            for (int sector = first; expected is not null && what != 0 && sector < first + length; sector++)
                expected[sector] = isDone && what != 1 ? NewSector(what) : null;
        }
    }

    private static byte[] NewSector(int what)
    {
        var sector = new byte[SectorLength];
        sector.AsSpan().Fill(what == 2 ? (byte)0 : (byte)what);
        return sector;
    }

    private static void ChangeOne(Qcow2Image image, RequestScratch scratch, int what, long offset, int length)
    {
        switch (what)
        {
            case 0:
                image.Flush();
                break;
            case 1:
                image.Discard(scratch, offset, length);
                break;
            case 2:
                image.WriteZeros(scratch, offset, length);
                break;
            default:
                var data = new byte[length];
                data.AsSpan().Fill((byte)what);
                image.Write(scratch, new BufferWindow(new Memory<byte>[] { data }, 0, length), offset);
                break;
        }
    }
}
