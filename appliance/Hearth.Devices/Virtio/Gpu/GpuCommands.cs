using System.Buffers.Binary;
using Hearth.Devices.Video;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>Carries out a driver's commands, one at a time (virtio 1.2, sections 5.7.6.7 to 5.7.6.10). Not synchronized: the device's lock is held.</summary>
internal sealed class GpuCommands
{
    private readonly IGuestMemory _ram;
    private readonly IDisplay _display;
    private readonly GpuResources _resources;
    private readonly GpuScanout[] _scanouts;
    private readonly byte[] _command = new byte[GpuRegisters.MaximumCommandLength];
    private readonly byte[] _answer = new byte[GpuRegisters.EdidLength];
    private int _commandLength;
    private GpuTransfer _transfer;

    public GpuCommands(IGuestMemory ram, IDisplay display, GpuResources resources, GpuScanout[] scanouts)
    {
        _ram = ram;
        _display = display;
        _resources = resources;
        _scanouts = scanouts;
    }

    /// <summary>Carries out a command of the control queue and answers it, unless it is a long transfer.</summary>
    /// <param name="transfer">A copy to be made, without a lock held; <see cref="Finish"/> comes before the next command then.</param>
    /// <returns>Bytes of the answer.</returns>
    public uint Execute(DescriptorChain chain, out GpuTransfer? transfer)
    {
        Read(chain);
        _answer.AsSpan().Clear();
        _transfer = default;
        int length = GpuRegisters.HeaderLength;
        uint type = _commandLength < GpuRegisters.HeaderLength ? GpuRegisters.ErrorUnspecified : Execute(chain, Word(0), ref length);
        transfer = _transfer.IsLong ? _transfer : null;
        return transfer is null ? Answer(chain, type, length) : 0;
    }

    /// <summary>Answers a long transfer.</summary>
    /// <param name="isDone">Guest memory was there for all of it.</param>
    /// <returns>Bytes of the answer.</returns>
    public uint Finish(DescriptorChain chain, bool isDone) =>
        Answer(chain, isDone ? GpuRegisters.OkNoData : GpuRegisters.ErrorInvalidParameter, GpuRegisters.HeaderLength);

    /// <summary>Carries out a command of the cursor queue, which has no answers.</summary>
    /// <returns>False for what is none, or names what is not there.</returns>
    public bool TryMoveCursor(DescriptorChain chain)
    {
        Read(chain);
        uint type = Word(0);
        uint screen = Word(24);
        if (_commandLength < GpuRegisters.MaximumCommandLength || screen >= (uint)_scanouts.Length || type is not (GpuRegisters.UpdateCursor or GpuRegisters.MoveCursor))
            return false;
        GpuScanout scanout = _scanouts[screen];
        scanout.IsCursorNew = true;
        CursorState moved = scanout.Cursor with { X = (int)Word(28), Y = (int)Word(32) };
        if (type == GpuRegisters.MoveCursor)
        {
            scanout.Cursor = moved;
            return true;
        }

        uint id = Word(40);
        scanout.Cursor = moved with { IsVisible = false };
        if (id == 0)
            return true;
        if (_resources.Find(id) is not { Size: { Width: CursorState.Length, Height: CursorState.Length } } image)
            return false;
        PixelConversion.Convert(image.Format, image.Pixels, scanout.CursorImage);
        if (!PixelConversion.HasAlpha(image.Format))
            MakeOpaque(scanout.CursorImage);
        scanout.IsCursorImageNew = true;
        scanout.Cursor = moved with { IsVisible = true, HotX = HotSpot(Word(44)), HotY = HotSpot(Word(48)) };
        return true;
    }

    private static int HotSpot(uint value) => (int)Math.Min(value, CursorState.Length - 1);

    private static void MakeOpaque(Span<byte> image)
    {
        for (int alpha = 3; alpha < image.Length; alpha += DisplaySize.PixelLength)
            image[alpha] = 0xFF;
    }

    private uint Execute(DescriptorChain chain, uint type, ref int length)
    {
        switch (type)
        {
            case GpuRegisters.GetDisplayInfo:
                length = GpuRegisters.DisplayInfoLength;
                return DescribeDisplays();
            case GpuRegisters.GetEdid when Has(8):
                length = GpuRegisters.EdidLength;
                return DescribeDisplay(ref length);
            case GpuRegisters.ResourceCreate2D when Has(16):
                return Create();
            case GpuRegisters.ResourceUnref when Has(8):
                return Unref();
            case GpuRegisters.SetScanout when Has(24):
                return SetScanout();
            case GpuRegisters.ResourceFlush when Has(24):
                return Flush();
            case GpuRegisters.TransferToHost2D when Has(32):
                return Transfer();
            case GpuRegisters.ResourceAttachBacking when Has(8):
                return Attach(chain);
            case GpuRegisters.ResourceDetachBacking when Has(8):
                return Detach();
            default:
                return GpuRegisters.ErrorUnspecified;
        }
    }

    private uint DescribeDisplays()
    {
        for (int i = 0; i < _scanouts.Length; i++)
        {
            DisplaySize wish = _display.Scanout(i).Wish;
            _scanouts[i].Told = wish;
            Span<byte> entry = _answer.AsSpan(GpuRegisters.HeaderLength + (i * GpuRegisters.DisplayLength), GpuRegisters.DisplayLength);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], wish.Width);
            BinaryPrimitives.WriteInt32LittleEndian(entry[12..], wish.Height);
            BinaryPrimitives.WriteInt32LittleEndian(entry[16..], wish.IsNothing ? 0 : 1);
        }

        return GpuRegisters.OkDisplayInfo;
    }

    private uint DescribeDisplay(ref int length)
    {
        uint screen = Word(24);
        DisplaySize wish = screen < (uint)_scanouts.Length ? _display.Scanout((int)screen).Wish : DisplaySize.Nothing;
        if (wish.IsNothing)
        {
            length = GpuRegisters.HeaderLength;
            return GpuRegisters.ErrorInvalidScanout;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(_answer.AsSpan(GpuRegisters.HeaderLength), Edid.Length);
        Edid.Write(_answer.AsSpan(GpuRegisters.EdidOffset), wish, (int)screen);
        return GpuRegisters.OkEdid;
    }

    private uint Create()
    {
        uint id = Word(24);
        var format = (PixelFormat)Word(28);
        var size = new DisplaySize((int)Word(32), (int)Word(36));
        if (id == 0 || _resources.Find(id) is not null)
            return GpuRegisters.ErrorInvalidResource;
        if (!PixelConversion.IsKnown(format) || size.Width <= 0 || size.Height <= 0)
            return GpuRegisters.ErrorInvalidParameter;
        return size.IsPossible && _resources.TryCreate(id, format, size) ? GpuRegisters.OkNoData : GpuRegisters.ErrorOutOfMemory;
    }

    private uint Unref()
    {
        if (_resources.Find(Word(24)) is not { } resource)
            return GpuRegisters.ErrorInvalidResource;
        foreach (GpuScanout scanout in _scanouts)
        {
            if (scanout.Resource == resource)
                scanout.Show(null, default);
        }

        _resources.Remove(resource);
        return GpuRegisters.OkNoData;
    }

    private uint SetScanout()
    {
        uint screen = Word(40);
        uint id = Word(44);
        if (screen >= (uint)_scanouts.Length)
            return GpuRegisters.ErrorInvalidScanout;
        if (id == 0)
        {
            _scanouts[screen].Show(null, default);
            return GpuRegisters.OkNoData;
        }

        if (_resources.Find(id) is not { } resource)
            return GpuRegisters.ErrorInvalidResource;
        if (!TryReadArea(resource, out DisplayArea area) || area.IsEmpty)
            return GpuRegisters.ErrorInvalidParameter;
        _scanouts[screen].Show(resource, area);
        return GpuRegisters.OkNoData;
    }

    private uint Flush()
    {
        if (_resources.Find(Word(40)) is not { } resource)
            return GpuRegisters.ErrorInvalidResource;
        if (!TryReadArea(resource, out DisplayArea area))
            return GpuRegisters.ErrorInvalidParameter;
        foreach (GpuScanout scanout in _scanouts)
        {
            if (scanout.Resource == resource)
                scanout.Damage.Add(area.Intersect(scanout.Area).MovedBy(-scanout.Area.X, -scanout.Area.Y));
        }

        return GpuRegisters.OkNoData;
    }

    private uint Transfer()
    {
        if (_resources.Find(Word(48)) is not { } resource)
            return GpuRegisters.ErrorInvalidResource;
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(_command.AsSpan(40));
        if (!TryReadArea(resource, out DisplayArea area) || offset > GpuResources.MemoryLimit)
            return GpuRegisters.ErrorInvalidParameter;
        if (resource.Backing.IsEmpty)
            return GpuRegisters.ErrorUnspecified;
        if (area.IsEmpty)
            return GpuRegisters.OkNoData;
        _transfer = new GpuTransfer(resource, area, offset);
        return _transfer.IsLong || _transfer.TryRun(_ram) ? GpuRegisters.OkNoData : GpuRegisters.ErrorInvalidParameter;
    }

    private uint Attach(DescriptorChain chain)
    {
        if (_resources.Find(Word(24)) is not { } resource)
            return GpuRegisters.ErrorInvalidResource;
        uint count = Word(28);
        if (!resource.Backing.IsEmpty || chain.ReadableLength < GpuRegisters.AttachLength + ((ulong)count * GpuRegisters.EntryLength))
            return GpuRegisters.ErrorUnspecified;
        if (count > GpuResources.MaximumPieces || !_resources.HasRoomFor((int)count))
            return GpuRegisters.ErrorOutOfMemory;
        var backing = new MemoryPiece[count];
        if (!TryReadPieces(chain, backing, out int used))
            return GpuRegisters.ErrorInvalidParameter;
        if (used != backing.Length)
            Array.Resize(ref backing, used);
        _resources.Attach(resource, backing);
        return GpuRegisters.OkNoData;
    }

    private uint Detach()
    {
        if (_resources.Find(Word(24)) is not { } resource)
            return GpuRegisters.ErrorInvalidResource;
        _resources.Attach(resource, []);
        return GpuRegisters.OkNoData;
    }

    /// <param name="used">How many of the pieces have a length.</param>
    private bool TryReadPieces(DescriptorChain chain, MemoryPiece[] to, out int used)
    {
        Span<byte> entry = stackalloc byte[GpuRegisters.EntryLength];
        ulong offset = 0;
        used = 0;
        for (int i = 0; i < to.Length; i++)
        {
            chain.Read(GpuRegisters.AttachLength + ((ulong)i * GpuRegisters.EntryLength), entry);
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]);
            if (length == 0)
                continue;
            if (!_ram.Contains(new GuestAddress(address), length))
                return false;
            to[used++] = new MemoryPiece(offset, address, length);
            offset += length;
        }

        return true;
    }

    private void Read(DescriptorChain chain)
    {
        _command.AsSpan().Clear();
        _commandLength = chain.Read(0, _command);
    }

    private bool Has(int bytes) => _commandLength >= GpuRegisters.HeaderLength + bytes;

    private uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_command.AsSpan(offset));

    /// <summary>Reads the rectangle behind the header.</summary>
    /// <returns>False when it is not inside the resource.</returns>
    private bool TryReadArea(GpuResource resource, out DisplayArea area)
    {
        (uint x, uint y, uint width, uint height) = (Word(24), Word(28), Word(32), Word(36));
        area = new DisplayArea((int)x, (int)y, (int)width, (int)height);
        return x + (ulong)width <= (ulong)resource.Size.Width && y + (ulong)height <= (ulong)resource.Size.Height;
    }

    private uint Answer(DescriptorChain chain, uint type, int length)
    {
        WriteHeader(type);
        return (uint)chain.Write(0, _answer.AsSpan(0, length));
    }

    private void WriteHeader(uint type)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_answer, type);
        uint flags = Word(GpuRegisters.FlagsOffset) & (GpuRegisters.FlagFence | GpuRegisters.FlagRing);
        if ((flags & GpuRegisters.FlagFence) == 0)
            return;

        // What the driver waits for has been done by now.
        BinaryPrimitives.WriteUInt32LittleEndian(_answer.AsSpan(GpuRegisters.FlagsOffset), flags);
        _command.AsSpan(GpuRegisters.FenceOffset, sizeof(ulong)).CopyTo(_answer.AsSpan(GpuRegisters.FenceOffset));
        _command.AsSpan(GpuRegisters.ContextOffset, GpuRegisters.HeaderLength - GpuRegisters.ContextOffset).CopyTo(_answer.AsSpan(GpuRegisters.ContextOffset));
    }
}
