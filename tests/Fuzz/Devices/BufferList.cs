namespace Hearth.Fuzz.Devices;

/// <summary>The pieces of memory of one request, in the order of their descriptors.</summary>
internal sealed class BufferList
{
    /// <summary>Pieces at most; the smallest queue that a driver sets up has as many.</summary>
    public const int Capacity = 16;

    private readonly Piece[] _pieces = new Piece[Capacity];
    private int _count;

    public ReadOnlySpan<Piece> Pieces => _pieces.AsSpan(0, _count);

    public void Clear() => _count = 0;

    /// <summary>Adds a piece for the device to read; lost when there is no place.</summary>
    public void AddReadable(ulong address, int length) => Add(new Piece(address, (uint)length, false));

    /// <summary>Adds a piece for the device to write; lost when there is no place.</summary>
    public void AddWritable(ulong address, int length) => Add(new Piece(address, (uint)length, true));

    private void Add(Piece piece)
    {
        if (_count < Capacity)
            _pieces[_count++] = piece;
    }

    /// <param name="Address">Guest-physical.</param>
    /// <param name="Length">Bytes.</param>
    internal readonly record struct Piece(ulong Address, uint Length, bool IsWritable);
}
