using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>A picture that the host keeps for the guest, and the pieces of guest memory it is filled from. Not synchronized: the device's lock is held.</summary>
internal sealed class GpuResource
{
    private MemoryPiece[] _backing = [];

    /// <param name="size">A possible one.</param>
    public GpuResource(uint id, PixelFormat format, DisplaySize size)
    {
        Id = id;
        Format = format;
        Size = size;
        Pixels = new byte[size.Width * size.Height * DisplaySize.PixelLength];
    }

    public uint Id { get; }

    public PixelFormat Format { get; }

    public DisplaySize Size { get; }

    /// <summary>Row by row without gaps, in the guest's format.</summary>
    public byte[] Pixels { get; }

    public int Stride => Size.Width * DisplaySize.PixelLength;

    public ReadOnlySpan<MemoryPiece> Backing => _backing;

    /// <summary>Bytes of the host's memory.</summary>
    public long Cost => CostOf(Size) + CostOf(_backing.Length);

    public static long CostOf(DisplaySize size) => (long)size.Width * size.Height * DisplaySize.PixelLength;

    public static long CostOf(int pieces) => (long)pieces * MemoryPiece.Cost;

    /// <param name="backing">In order; kept.</param>
    public void Attach(MemoryPiece[] backing) => _backing = backing;

    public void Detach() => _backing = [];

    /// <summary>Part of a row.</summary>
    public ReadOnlySpan<byte> Row(int y, int x, int width) => Pixels.AsSpan((y * Stride) + (x * DisplaySize.PixelLength), width * DisplaySize.PixelLength);

    /// <summary>Copies a rectangle from the guest's memory.</summary>
    /// <param name="area">Inside the picture.</param>
    /// <param name="offset">Where its first pixel is, in bytes from the start of the memory; the rows follow with the picture's stride.</param>
    /// <returns>False, with part of it copied, where the memory ends before.</returns>
    public bool TryTransfer(IGuestMemory ram, DisplayArea area, ulong offset)
    {
        int length = area.Width * DisplaySize.PixelLength;
        int rows = area.Height;
        if (length == Stride)
            (length, rows) = (length * rows, 1);
        for (int row = 0; row < rows; row++)
        {
            int to = ((area.Y + row) * Stride) + (area.X * DisplaySize.PixelLength);
            if (!TryRead(ram, offset + ((ulong)row * (ulong)Stride), Pixels.AsSpan(to, length)))
                return false;
        }

        return true;
    }

    private bool TryRead(IGuestMemory ram, ulong offset, Span<byte> to)
    {
        for (int index = Find(offset); index >= 0 && index < _backing.Length; index++)
        {
            MemoryPiece piece = _backing[index];
            ulong within = offset - piece.Offset;
            int part = (int)Math.Min((ulong)to.Length, piece.Length - within);
            if (!ram.TryRead(new GuestAddress(piece.Address + within), to[..part]))
                return false;
            to = to[part..];
            if (to.IsEmpty)
                return true;
            offset += (ulong)part;
        }

        return to.IsEmpty;
    }

    /// <returns>The index of the piece that holds the byte, or -1.</returns>
    private int Find(ulong offset)
    {
        int low = 0;
        int high = _backing.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            MemoryPiece piece = _backing[middle];
            if (offset < piece.Offset)
                high = middle - 1;
            else if (offset - piece.Offset >= piece.Length)
                low = middle + 1;
            else
                return middle;
        }

        return -1;
    }
}
