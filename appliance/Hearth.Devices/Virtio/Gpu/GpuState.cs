using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>Saves and restores what a driver has made of a graphics device. Not synchronized: the device's lock is held.</summary>
internal static class GpuState
{
    private const string Damaged = "The saved state of the graphics device is damaged: ";

    public static void Save(IStateWriter to, GpuResources resources, ReadOnlySpan<GpuScanout> scanouts)
    {
        to.WriteUInt32((uint)resources.Count);
        foreach (GpuResource resource in resources.All)
            Save(to, resource);
        to.WriteByte((byte)scanouts.Length);
        foreach (GpuScanout scanout in scanouts)
            Save(to, scanout);
    }

    /// <exception cref="SavedStateException">It cannot be the state of such a device.</exception>
    public static void Restore(IStateReader from, GpuResources resources, ReadOnlySpan<GpuScanout> scanouts, IGuestMemory ram)
    {
        resources.Clear();
        uint count = from.ReadUInt32();
        for (uint i = 0; i < count; i++)
            RestoreResource(from, resources, ram);
        int screens = from.ReadByte();
        if (screens != scanouts.Length)
            throw new SavedStateException($"The guest was saved with {screens} screens and cannot go on with {scanouts.Length}.");
        foreach (GpuScanout scanout in scanouts)
            Restore(from, scanout, resources);
    }

    private static void Save(IStateWriter to, GpuResource resource)
    {
        to.WriteUInt32(resource.Id);
        to.WriteUInt32((uint)resource.Format);
        WriteSize(to, resource.Size);
        to.WriteBytes(resource.Pixels);
        to.WriteUInt32((uint)resource.Backing.Length);
        foreach (MemoryPiece piece in resource.Backing)
        {
            to.WriteUInt64(piece.Address);
            to.WriteUInt32(piece.Length);
        }
    }

    private static void RestoreResource(IStateReader from, GpuResources resources, IGuestMemory ram)
    {
        uint id = from.ReadUInt32();
        var format = (PixelFormat)from.ReadUInt32();
        DisplaySize size = ReadSize(from);
        if (id == 0 || resources.Find(id) is not null || !PixelConversion.IsKnown(format) || !size.IsPossible || !resources.TryCreate(id, format, size))
            throw new SavedStateException($"{Damaged}resource {id} is impossible.");
        GpuResource resource = resources.Find(id)!;
        from.ReadBytes(resource.Pixels);
        uint count = from.ReadUInt32();
        if (count > GpuResources.MaximumPieces || !resources.HasRoomFor((int)count))
            throw new SavedStateException($"{Damaged}{count} pieces of memory are too many.");
        var backing = new MemoryPiece[count];
        ulong offset = 0;
        for (int i = 0; i < backing.Length; i++)
        {
            backing[i] = new MemoryPiece(offset, from.ReadUInt64(), from.ReadUInt32());
            if (backing[i].Length == 0 || !ram.Contains(new GuestAddress(backing[i].Address), backing[i].Length))
                throw new SavedStateException($"{Damaged}the memory of resource {id} is not in the guest.");
            offset += backing[i].Length;
        }

        resources.Attach(resource, backing);
    }

    private static void Save(IStateWriter to, GpuScanout scanout)
    {
        to.WriteUInt32(scanout.Resource?.Id ?? 0);
        to.WriteUInt32((uint)scanout.Area.X);
        to.WriteUInt32((uint)scanout.Area.Y);
        WriteSize(to, new DisplaySize(scanout.Area.Width, scanout.Area.Height));
        CursorState cursor = scanout.Cursor;
        to.WriteBoolean(cursor.IsVisible);
        to.WriteUInt32((uint)cursor.X);
        to.WriteUInt32((uint)cursor.Y);
        to.WriteUInt32((uint)cursor.HotX);
        to.WriteUInt32((uint)cursor.HotY);
        to.WriteBytes(scanout.CursorImage);
        WriteSize(to, scanout.Told);
    }

    private static void Restore(IStateReader from, GpuScanout scanout, GpuResources resources)
    {
        uint id = from.ReadUInt32();
        int x = (int)from.ReadUInt32();
        int y = (int)from.ReadUInt32();
        DisplaySize size = ReadSize(from);
        GpuResource? resource = id == 0 ? null : resources.Find(id);
        if (id != 0 && (resource is null || x < 0 || y < 0 || !size.IsPossible || x > resource.Size.Width - size.Width || y > resource.Size.Height - size.Height))
            throw new SavedStateException($"{Damaged}a screen shows what is not there.");
        scanout.Cursor = new CursorState(from.ReadBoolean(), (int)from.ReadUInt32(), (int)from.ReadUInt32(), ReadHotSpot(from), ReadHotSpot(from));
        from.ReadBytes(scanout.CursorImage);
        scanout.Told = ReadSize(from);
        scanout.Show(resource, new DisplayArea(x, y, size.Width, size.Height));
    }

    private static int ReadHotSpot(IStateReader from) => (int)(from.ReadUInt32() & (CursorState.Length - 1));

    private static void WriteSize(IStateWriter to, DisplaySize size)
    {
        to.WriteUInt32((uint)size.Width);
        to.WriteUInt32((uint)size.Height);
    }

    private static DisplaySize ReadSize(IStateReader from) => new((int)from.ReadUInt32(), (int)from.ReadUInt32());
}
