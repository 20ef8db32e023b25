using System.Buffers.Binary;

namespace Hearth.Protocol;

/// <summary>A copy of a screen that is one picture and no two halves, taken from shared memory that another process writes to and that is trusted in nothing.</summary>
public sealed class ScanoutPicture
{
    private const int Attempts = 1000;

    private byte[] _pixels = [];

    /// <summary>Pixels across; 0 for no picture.</summary>
    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>XRGB8888, row by row without gaps.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels.AsSpan(0, Width * Height * ScanoutLayout.PixelLength);

    /// <summary>Which picture it is; never odd.</summary>
    public ulong Generation { get; private set; }

    /// <param name="shared">All of the file.</param>
    /// <returns>False when none could be had: the file holds none, or changes all the time.</returns>
    public bool TryTake(ReadOnlySpan<byte> shared)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            ulong before = GenerationOf(shared);
            Volatile.ReadBarrier();
            if ((before & 1) == 0)
            {
                if (!TryCopy(shared))
                    return false;
                Volatile.ReadBarrier();
                if (GenerationOf(shared) == before)
                {
                    Generation = before;
                    return true;
                }
            }

            Thread.Sleep(1);
        }

        return false;
    }

    private static ulong GenerationOf(ReadOnlySpan<byte> shared) => BinaryPrimitives.ReadUInt64LittleEndian(shared[ScanoutLayout.Generation..]);

    private static uint Word(ReadOnlySpan<byte> shared, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(shared[offset..]);

    private bool TryCopy(ReadOnlySpan<byte> shared)
    {
        (uint width, uint height, uint stride) = (Word(shared, ScanoutLayout.Width), Word(shared, ScanoutLayout.Height), Word(shared, ScanoutLayout.Stride));
        ulong row = (ulong)width * ScanoutLayout.PixelLength;
        bool isPossible = Word(shared, ScanoutLayout.Magic) == ScanoutLayout.MagicValue
            && Word(shared, ScanoutLayout.Version) == ScanoutLayout.CurrentVersion
            && (width == 0 || Word(shared, ScanoutLayout.Format) == ScanoutLayout.FormatXrgb8888)
            && stride >= row
            && (ulong)stride * height <= ScanoutLayout.MaximumPixelLength;
        if (!isPossible)
            return false;
        (Width, Height) = width == 0 || height == 0 ? (0, 0) : ((int)width, (int)height);
        int length = (int)row;
        if (_pixels.Length < length * Height)
            _pixels = new byte[length * Height];
        for (int y = 0; y < Height; y++)
            shared.Slice(ScanoutLayout.PixelOffset + (y * (int)stride), length).CopyTo(_pixels.AsSpan(y * length));
        return true;
    }
}
