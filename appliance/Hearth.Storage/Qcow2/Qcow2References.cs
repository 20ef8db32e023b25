namespace Hearth.Storage.Qcow2;

/// <summary>How often each cluster of a file is really referred to, and as what: a byte for each.</summary>
internal sealed class Qcow2References
{
    private const long MaximumClusters = 1L << 30;
    private const int KindShift = 6;
    private const byte CountMask = (1 << KindShift) - 1;

    private readonly ImageFile _file;
    private readonly int _clusterBits;

    /// <summary>The kind in the two highest bits, and the count; where that is <see cref="CountMask"/> the rest is in <see cref="_more"/>.</summary>
    private readonly byte[] _clusters;

    private readonly Dictionary<long, uint> _more = [];

    public Qcow2References(ImageFile file, Qcow2Header header)
    {
        _file = file;
        _clusterBits = header.ClusterBits;
        long clusters = header.ClustersFor(file.Length);
        if (clusters > MaximumClusters)
            throw new StorageException($"The disk '{file.Name}' has {clusters} clusters, too many to be checked.");
        _clusters = new byte[clusters];
    }

    public long ClusterCount => _clusters.Length;

    public uint this[long cluster]
    {
        get
        {
            uint count = cluster < _clusters.Length ? _clusters[cluster] & (uint)CountMask : 0;
            return count < CountMask ? count : count + _more.GetValueOrDefault(cluster);
        }
    }

    /// <summary>Counts the first reference to a cluster of data. This is what nearly all clusters are.</summary>
    /// <returns>False when <see cref="Add"/> has to look closer.</returns>
    public bool TryAddData(ulong offset)
    {
        ulong cluster = offset >> _clusterBits;
        if (cluster >= (ulong)_clusters.Length || cluster << _clusterBits != offset || _clusters[cluster] != 0)
            return false;
        _clusters[cluster] = ((byte)ReferenceKind.Data << KindShift) | 1;
        return true;
    }

    /// <summary>Counts a reference to every cluster of a range.</summary>
    /// <param name="offset">Bytes into the file.</param>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public string? Add(long offset, long length, ReferenceKind kind, string what)
    {
        if (offset < 0 || length < 0 || offset > _file.Length || (length > 0 && offset == _file.Length))
            return $"the {what} at offset {offset} lies beyond the file's {_file.Length} bytes";
        string? wrong = null;
        for (long cluster = offset >> _clusterBits; cluster <= (offset + length - 1) >> _clusterBits && length > 0; cluster++)
        {
            if (cluster >= _clusters.Length)
                return $"the {what} at offset {offset} goes beyond the file's {_file.Length} bytes";
            var other = (ReferenceKind)(_clusters[cluster] >> KindShift);
            if (other != ReferenceKind.None && (other != kind || kind == ReferenceKind.Table))
                wrong = $"the {what} and a {NameOf(other)} share the cluster at offset {cluster << _clusterBits}";
            Add(cluster, kind);
        }

        return wrong;
    }

    private void Add(long cluster, ReferenceKind kind)
    {
        int count = _clusters[cluster] & CountMask;
        if (count == CountMask)
            _more[cluster] = _more.GetValueOrDefault(cluster) + 1;
        else
            count++;
        _clusters[cluster] = (byte)(((byte)kind << KindShift) | count);
    }

    private static string NameOf(ReferenceKind kind) => kind switch
    {
        ReferenceKind.Data => "cluster of data",
        ReferenceKind.L2Table => "table of level 2",
        _ => "table",
    };
}
