using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>The resources a driver has made, within a bound of memory. Not synchronized: the device's lock is held.</summary>
internal sealed class GpuResources
{
    /// <summary>Bytes of pixels and lists at most: four screens of 3840 by 2160, and half as much again.</summary>
    public const long MemoryLimit = 192L << 20;

    public const int MaximumCount = 4096;

    /// <summary>Pieces of memory of one resource: the largest one's, were it made of single pages and not aligned.</summary>
    public const int MaximumPieces = (DisplaySize.MaximumPixels * DisplaySize.PixelLength / 4096) + 1;

    private readonly Dictionary<uint, GpuResource> _resources = [];
    private long _used;

    public int Count => _resources.Count;

    public IEnumerable<GpuResource> All => _resources.Values.OrderBy(resource => resource.Id);

    public GpuResource? Find(uint id) => _resources.GetValueOrDefault(id);

    /// <returns>False when there is no room.</returns>
    public bool TryCreate(uint id, PixelFormat format, DisplaySize size)
    {
        if (_resources.Count == MaximumCount || _used + GpuResource.CostOf(size) > MemoryLimit)
            return false;
        var resource = new GpuResource(id, format, size);
        _used += resource.Cost;
        _resources.Add(id, resource);
        return true;
    }

    public void Remove(GpuResource resource)
    {
        _used -= resource.Cost;
        _resources.Remove(resource.Id);
    }

    public bool HasRoomFor(int pieces) => _used + GpuResource.CostOf(pieces) <= MemoryLimit;

    public void Attach(GpuResource resource, MemoryPiece[] backing)
    {
        _used -= resource.Cost;
        resource.Attach(backing);
        _used += resource.Cost;
    }

    public void Clear()
    {
        _resources.Clear();
        _used = 0;
    }
}
