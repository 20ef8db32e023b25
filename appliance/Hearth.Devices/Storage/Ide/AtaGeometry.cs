namespace Hearth.Devices.Storage.Ide;

/// <summary>Cylinders, heads and sectors of a track, as hosts without LBA count (ATA/ATAPI-6, annex B).</summary>
internal readonly record struct AtaGeometry(int Cylinders, int Heads, int Sectors)
{
    private const int MostCylinders = 16383;
    private const int MostHeads = 16;
    private const int MostSectors = 63;

    /// <summary>Sectors that can be reached so.</summary>
    public uint Capacity => (uint)(Cylinders * Heads * Sectors);

    public static AtaGeometry Of(ulong sectors)
    {
        const ulong Cylinder = MostHeads * MostSectors;
        return new AtaGeometry((int)Math.Clamp(sectors / Cylinder, 1, MostCylinders), MostHeads, MostSectors);
    }

    /// <param name="sector">Counted from 1.</param>
    public bool TrySector(int cylinder, int head, int sector, out ulong number)
    {
        number = 0;
        if (head >= Heads || sector == 0 || sector > Sectors)
            return false;
        number = ((((ulong)cylinder * (uint)Heads) + (uint)head) * (uint)Sectors) + (uint)sector - 1;
        return true;
    }
}
