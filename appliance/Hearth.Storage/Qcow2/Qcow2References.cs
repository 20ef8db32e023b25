namespace Hearth.Storage.Qcow2;

/// <summary>How often each cluster of a file is really referred to, and as what.</summary>
internal sealed class Qcow2References
{
    // What can be counted in memory: four bytes each and one for the kind.
    private const long MaximumClusters = 1L << 28;

    private readonly ImageFile _file;
    private readonly int _clusterBits;
    private readonly uint[] _counts;
    private readonly ReferenceKind[] _kinds;

    public Qcow2References(ImageFile file, Qcow2Header header)
    {
        _file = file;
        _clusterBits = header.ClusterBits;
        long clusters = header.ClustersFor(file.Length);
        if (clusters > MaximumClusters)
            throw new StorageException($"The disk '{file.Name}' has {clusters} clusters, too many to be checked.");
        _counts = new uint[clusters];
        _kinds = new ReferenceKind[clusters];
    }

    public long ClusterCount => _counts.Length;

    public uint this[long cluster] => cluster < _counts.Length ? _counts[cluster] : 0;

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
            if (cluster >= _counts.Length)
                return $"the {what} at offset {offset} goes beyond the file's {_file.Length} bytes";
            ReferenceKind other = _kinds[cluster];
            if (other != ReferenceKind.None && (other != kind || kind == ReferenceKind.Table))
                wrong = $"the {what} and a {NameOf(other)} share the cluster at offset {cluster << _clusterBits}";
            _counts[cluster]++;
            _kinds[cluster] = kind;
        }

        return wrong;
    }

    private static string NameOf(ReferenceKind kind) => kind switch
    {
        ReferenceKind.Data => "cluster of data",
        ReferenceKind.L2Table => "table of level 2",
        _ => "table",
    };
}
