using Hearth.Machine;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>Random requests, many in flight, against an array of bytes; what the image has is compared by this implementation and by qemu-img.</summary>
public class ModelTests
{
    private const int Block = 512;
    private const int DiskLength = (3 << 20) + 1536;
    private const int Rounds = 12;
    private const int InFlight = 24;

    [Theory]
    [InlineData("cluster_size=512", null)]
    [InlineData("cluster_size=512,refcount_bits=64", "raw")]
    [InlineData("cluster_size=4k,refcount_bits=1", null)]
    [InlineData("cluster_size=4k,refcount_bits=2,lazy_refcounts=on", "qcow2")]
    [InlineData("cluster_size=64k,compat=0.10", "raw")]
    [InlineData("cluster_size=64k,compat=0.10", null)]
    [InlineData("cluster_size=64k,refcount_bits=8", "qcow2")]
    [InlineData("cluster_size=64k,lazy_refcounts=on", "raw")]
    [InlineData("cluster_size=64k,preallocation=metadata", null)]
    [InlineData("cluster_size=2M,refcount_bits=32", "raw")]
    public void Image_changedAtRandom_hasWhatWasWritten(string options, string? backing)
    {
        using var folder = new ImageFolder();
        byte[] model = new byte[DiskLength];
        string path = Make(folder, options, backing, model);
        var random = new Random(options.Length + (backing?.Length ?? 0));
        for (int round = 0; round < Rounds; round++)
        {
            using (Qcow2DiskImage image = ImageFolder.Open(path))
                Change(image, model, random);
            if (round % 3 == 2)
            {
                QemuTools.AssertClean(path);
                Assert.True(DiskInspection.Check(path, repair: false, null).IsClean);
                QemuTools.AssertContent(path, model);
            }
        }

        Assert.True(model.AsSpan().SequenceEqual(ImageFolder.Content(path)));
    }

    [Theory]
    [InlineData("cluster_size=512,refcount_bits=32", null)]
    [InlineData("cluster_size=4k,refcount_bits=4", "qcow2")]
    [InlineData("cluster_size=64k,compat=0.10", null)]
    [InlineData("cluster_size=64k,lazy_refcounts=on", "raw")]
    public void Snapshots_takenAppliedAndDeletedAtRandom_haveWhatWasThere(string options, string? backing)
    {
        using var folder = new ImageFolder();
        byte[] model = new byte[DiskLength];
        string path = Make(folder, options, backing, model);
        var random = new Random(options.Length);
        var snapshots = new Dictionary<string, byte[]>();
        for (int round = 0; round < 3 * Rounds; round++)
        {
            string name = $"state{random.Next(4)}";
            if (!snapshots.TryGetValue(name, out byte[]? kept))
            {
                DiskChanges.CreateSnapshot(path, name, DateTimeOffset.UnixEpoch.AddSeconds(round));
                snapshots.Add(name, (byte[])model.Clone());
            }
            else if (random.Next(2) == 0)
            {
                DiskChanges.ApplySnapshot(path, name);
                model = (byte[])kept.Clone();
            }
            else
            {
                DiskChanges.DeleteSnapshot(path, name);
                _ = snapshots.Remove(name);
            }

            QemuTools.AssertClean(path);
            using (Qcow2DiskImage image = ImageFolder.Open(path))
                Change(image, model, random);
            QemuTools.AssertClean(path);
        }

        QemuTools.AssertContent(path, model);
        foreach ((string name, byte[] content) in snapshots)
        {
            _ = QemuTools.Image("snapshot", "-a", name, path);
            QemuTools.AssertContent(path, content);
        }
    }

    private static string Make(ImageFolder folder, string options, string? backing, byte[] model)
    {
        string path = folder["disk.qcow2"];
        if (backing is null)
        {
            _ = QemuTools.Image("create", "-f", "qcow2", "-o", options, path, $"{DiskLength}");
            return path;
        }

        // Shorter than the disk, so that its end lies within.
        string raw = folder.WriteRandom("base.raw", DiskLength / 2, 7);
        File.ReadAllBytes(raw).CopyTo(model, 0);
        string below = raw;
        if (backing == "qcow2")
        {
            below = folder["base.qcow2"];
            _ = QemuTools.Image("convert", "-c", "-f", "raw", "-O", "qcow2", raw, below);
        }

        _ = QemuTools.Image("create", "-f", "qcow2", "-o", options, "-b", Path.GetFileName(below), "-F", backing, path, $"{DiskLength}");
        return path;
    }

    /// <summary>Requests on ranges that do not touch one another, all in flight at once.</summary>
    private static void Change(Qcow2DiskImage image, byte[] model, Random random)
    {
        var requests = new Requests();
        for (int batch = 0; batch < 4; batch++)
        {
            int at = 0;
            int count = 0;
            for (; count < InFlight && at < DiskLength - (2 * Block); count++)
            {
                int offset = at + (Block * random.Next(DiskLength / Block / InFlight));
                int length = Block * random.Next(1, random.Next(5) == 0 ? 600 : 12);
                if (offset >= DiskLength)
                    break;
                length = Math.Min(length, DiskLength - offset);
                Submit(image, requests, model, random, offset, length, count);
                at = offset + length;
            }

            requests.WaitFor(count);
            Assert.All(Enumerable.Range(0, count), tag => Assert.Equal(BlockStatus.Ok, requests.StatusOf(tag)));
            Adopt(image, requests, model);
        }
    }

    private static void Submit(Qcow2DiskImage image, Requests requests, byte[] model, Random random, int offset, int length, int tag)
    {
        BlockOperation operation = random.Next(12) switch
        {
            0 => BlockOperation.Flush,
            1 => BlockOperation.Discard,
            2 => BlockOperation.WriteZeroes,
            3 or 4 => BlockOperation.Read,
            _ => BlockOperation.Write,
        };
        byte[] data = new byte[length];
        if (operation == BlockOperation.Write)
        {
            random.NextBytes(data);
            data.CopyTo(model, offset);
        }
        else if (operation == BlockOperation.WriteZeroes)
        {
            model.AsSpan(offset, length).Clear();
        }

        image.Submit(new BlockRequest(operation, (ulong)offset, (ulong)length, new Memory<byte>[] { data }, requests, tag));
    }

    /// <summary>A discarded block has what it had, or zeros: the model follows the image. Every other block is as it was written.</summary>
    private static void Adopt(Qcow2DiskImage image, Requests requests, byte[] model)
    {
        byte[] content = new byte[DiskLength];
        Assert.Equal(BlockStatus.Ok, requests.Run(image, BlockOperation.Read, 0, DiskLength, content));
        for (int at = 0; at < DiskLength; at += Block)
        {
            Span<byte> read = content.AsSpan(at, Block);
            if (!read.ContainsAnyExcept((byte)0))
                read.CopyTo(model.AsSpan(at));
            Assert.True(model.AsSpan(at, Block).SequenceEqual(read), $"the block at {at} differs");
        }
    }
}
