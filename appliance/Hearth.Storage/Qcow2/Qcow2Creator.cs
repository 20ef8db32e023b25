using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>Makes an empty image: header, refcount table and blocks, L1 table, one behind the other.</summary>
internal static class Qcow2Creator
{
    /// <param name="file">Empty.</param>
    /// <exception cref="StorageException">The options contradict each other, or the host's disk failed.</exception>
    public static void Create(ImageFile file, Qcow2Options options)
    {
        Qcow2Header header = LayOut(file.Name, options, out long blocks, out long clusters);
        file.SetLength(clusters << header.ClusterBits);
        long perBlock = header.RefcountBlockEntries;
        long firstBlock = 1 + header.RefcountTableClusters;
        var table = new ulong[header.RefcountTableClusters * header.ClusterLength / sizeof(ulong)];
        for (long i = 0; i < blocks; i++)
        {
            table[i] = (ulong)((firstBlock + i) << header.ClusterBits);
            var block = new byte[header.ClusterLength];
            for (long cluster = i * perBlock; cluster < Math.Min(clusters, (i + 1) * perBlock); cluster++)
                Qcow2Refcounts.WriteBits(block, cluster - (i * perBlock), header.RefcountOrder, 1);
            file.Write(block, (long)table[i]);
        }

        Qcow2Table.Write(file, header.RefcountTable, table);
        Qcow2Table.Write(file, header.L1Table, new ulong[header.L1Size]);
        file.Write(header.ToCluster(), 0);
    }

    private static Qcow2Header LayOut(string name, Qcow2Options options, out long blocks, out long clusters)
    {
        ulong l1Size = Math.Max(1, Qcow2Header.L1EntriesFor(options.Size, options.ClusterBits));
        if (options.Size == 0 || options.Size % SectorLength != 0 || options.Size > long.MaxValue / 2 || l1Size > MaximumL1Length / sizeof(ulong))
            throw new StorageException($"The disk '{name}' cannot have {options.Size} bytes: with clusters of {1 << options.ClusterBits} bytes it has {SectorLength} to {LargestSize(options.ClusterBits)}.");
        if (options.Version < 3 && (options.RefcountOrder != 4 || options.LazyRefcounts || options.Compression != Qcow2Compression.Zlib))
            throw new StorageException($"The disk '{name}' cannot have version 2 of the format together with options of version 3.");
        var header = new Qcow2Header
        {
            Version = options.Version,
            ClusterBits = options.ClusterBits,
            Size = options.Size,
            L1Size = (int)l1Size,
            L1Table = 0,
            RefcountTable = 1L << options.ClusterBits,
            RefcountTableClusters = 1,
            RefcountOrder = options.RefcountOrder,
            Compatible = options.LazyRefcounts ? CompatibleLazyRefcounts : 0,
            Compression = options.Compression,
            Incompatible = options.Compression != Qcow2Compression.Zlib ? IncompatibleCompression : 0,
            BackingName = options.BackingName,
            BackingFormat = options.BackingFormat,
        };
        long l1Clusters = header.ClustersFor((long)l1Size * sizeof(ulong));
        long tableClusters = 1;
        blocks = 1;
        while (true)
        {
            clusters = 1 + tableClusters + blocks + l1Clusters;
            long blocksNeeded = (clusters + header.RefcountBlockEntries - 1) / header.RefcountBlockEntries;
            long tableNeeded = header.ClustersFor(blocksNeeded * sizeof(ulong));
            if (blocksNeeded <= blocks && tableNeeded <= tableClusters)
                break;
            blocks = Math.Max(blocks, blocksNeeded);
            tableClusters = Math.Max(tableClusters, tableNeeded);
        }

        return header with { RefcountTableClusters = (int)tableClusters, L1Table = (1 + tableClusters + blocks) << options.ClusterBits };
    }

    /// <summary>Bytes of the largest disk that clusters of a size can have.</summary>
    private static ulong LargestSize(int clusterBits) => (ulong)Math.Min(long.MaxValue / 2, (MaximumL1Length / sizeof(ulong)) * Math.Pow(2, clusterBits + clusterBits - 3));
}
