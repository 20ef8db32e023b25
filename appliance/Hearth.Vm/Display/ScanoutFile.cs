using System.Buffers.Binary;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;

namespace Hearth.Vm.Display;

/// <summary>A screen in shared memory (<see cref="ScanoutLayout"/>). Nothing is ever read back from it: whoever looks may be hostile.</summary>
internal sealed class ScanoutFile : IScanout, IDisposable
{
    private readonly FileDescriptor _pictureFile;
    private readonly FileDescriptor _wishFile;
    private readonly EventDescriptor _ready;
    private readonly MappedMemory _picture;
    private readonly MappedMemory _wishMemory;
    private ulong _generation;
    private ulong _damageCount;
    private uint _cursorSerial;
    private DisplaySize _size;

    // Two halves of one word, so that no other thread sees one old and one new.
    private long _wish;

    /// <exception cref="MachineException">A file cannot be what it is meant to be.</exception>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public ScanoutFile(ScanoutConfiguration configuration)
    {
        _pictureFile = new FileDescriptor(configuration.Picture);
        _wishFile = new FileDescriptor(configuration.Wish);
        _ready = new EventDescriptor(configuration.Ready);
        if (!_pictureFile.HasFixedLength || !_wishFile.HasFixedLength)
            throw new MachineException("a screen's memory files can be cut short");
        _picture = MappedMemory.Shared(_pictureFile, ScanoutLayout.Length);
        _wishMemory = MappedMemory.Shared(_wishFile, ScanoutWish.Length);
        _pictureFile.SealWrites();
        Write32(ScanoutLayout.Version, ScanoutLayout.CurrentVersion);
        Write32(ScanoutLayout.Magic, ScanoutLayout.MagicValue);
        ReadWish();
    }

    public DisplaySize Wish
    {
        get
        {
            long wish = Volatile.Read(ref _wish);
            return new DisplaySize((int)(wish >> 32), (int)wish);
        }
    }

    /// <summary>Something was shown since this was set to false. Of the display's thread.</summary>
    public bool HasShown { get; set; }

    private int Stride => _size.Width * DisplaySize.PixelLength;

    /// <summary>Takes over what whoever looks wishes; nonsense changes nothing.</summary>
    /// <returns>True when it is another wish than before.</returns>
    public bool ReadWish()
    {
        (int width, int height) = ScanoutWish.Read(_wishMemory.Bytes(0, ScanoutWish.Length));
        var wish = new DisplaySize(width, height);
        if (wish == Wish || !(wish.IsPossible || wish.IsNothing))
            return false;
        Volatile.Write(ref _wish, ((long)width << 32) | (uint)height);
        return true;
    }

    public bool TryBegin(DisplaySize size, out bool isNew)
    {
        isNew = size != _size;
        if (!size.IsPossible)
            return false;
        BeginWrite();
        if (isNew)
            SetSize(size);
        return true;
    }

    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)_size.Height);
        return _picture.Bytes(ScanoutLayout.PixelOffset + ((long)y * Stride), Stride);
    }

    public void Damage(DisplayArea area)
    {
        int place = (int)(_damageCount++ % ScanoutLayout.DamageCapacity);
        Span<byte> entry = _picture.Bytes(ScanoutLayout.Damage + (place * ScanoutLayout.DamageLength), ScanoutLayout.DamageLength);
        BinaryPrimitives.WriteInt32LittleEndian(entry, area.X);
        BinaryPrimitives.WriteInt32LittleEndian(entry[4..], area.Y);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], area.Width);
        BinaryPrimitives.WriteInt32LittleEndian(entry[12..], area.Height);
    }

    public void End()
    {
        Write64(ScanoutLayout.DamageCount, _damageCount);
        EndWrite();
    }

    public void TurnOff()
    {
        if (_size.IsNothing)
            return;
        BeginWrite();
        SetSize(DisplaySize.Nothing);
        EndWrite();
    }

    public void SetCursorImage(ReadOnlySpan<byte> image)
    {
        BeginWrite();
        image[..CursorState.ImageLength].CopyTo(_picture.Bytes(ScanoutLayout.CursorImage, CursorState.ImageLength));
        Write32(ScanoutLayout.CursorSerial, ++_cursorSerial);
        EndWrite();
    }

    public void SetCursor(CursorState cursor)
    {
        BeginWrite();
        Write32(ScanoutLayout.CursorVisible, cursor.IsVisible ? 1U : 0);
        Write32(ScanoutLayout.CursorX, (uint)cursor.X);
        Write32(ScanoutLayout.CursorY, (uint)cursor.Y);
        Write32(ScanoutLayout.CursorHotX, (uint)cursor.HotX);
        Write32(ScanoutLayout.CursorHotY, (uint)cursor.HotY);
        EndWrite();
    }

    public void Dispose()
    {
        _picture.Dispose();
        _wishMemory.Dispose();
        _pictureFile.Dispose();
        _wishFile.Dispose();
        _ready.Dispose();
    }

    private void SetSize(DisplaySize size)
    {
        _size = size;
        Write32(ScanoutLayout.Width, (uint)size.Width);
        Write32(ScanoutLayout.Height, (uint)size.Height);
        Write32(ScanoutLayout.Stride, (uint)Stride);
        Write32(ScanoutLayout.Format, ScanoutLayout.FormatXrgb8888);
    }

    private void BeginWrite()
    {
        Write64(ScanoutLayout.Generation, ++_generation);
        Interlocked.MemoryBarrier();
    }

    private void EndWrite()
    {
        Interlocked.MemoryBarrier();
        Write64(ScanoutLayout.Generation, ++_generation);
        HasShown = true;
        _ready.Signal();
    }

    private void Write32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_picture.Bytes(offset, sizeof(uint)), value);

    private void Write64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_picture.Bytes(offset, sizeof(ulong)), value);
}
