namespace Hearth.Storage.Qcow2;

/// <summary>Clusters of the disk, by number.</summary>
internal readonly record struct ClusterRange(long First, long Count)
{
    public long End => First + Count;

    public bool Overlaps(ClusterRange other) => First < other.End && other.First < End;
}
