using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Screen;

namespace Hearth.Running;

/// <summary>The screen of a guest whose process shares it. What is in it is trusted in nothing.</summary>
internal sealed class GuestScreen : IDisposable
{
    /// <summary>How many descriptors a screen has: picture, wish, and the events for both.</summary>
    public const int Descriptors = 4;

    private readonly FileDescriptor[] _files;
    private readonly MappedMemory _picture;
    private readonly EventDescriptor _ready;
    private readonly EventDescriptor _wanted;
    private readonly Lock _lock = new();

    private GuestScreen(FileDescriptor[] files, MappedMemory picture)
    {
        (_files, _picture) = (files, picture);
        _ready = new EventDescriptor(files[2].Number);
        _wanted = new EventDescriptor(files[3].Number);
    }

    /// <param name="files">As the guest's process sent them; owned from now on.</param>
    /// <returns>null where they are no screen.</returns>
    public static GuestScreen? TryOpen(FileDescriptor[] files)
    {
        try
        {
            // One that can be cut short would end this process when it is read.
            if (files[0].HasFixedLength)
                return new GuestScreen(files, MappedMemory.SharedReadOnly(files[0], ScanoutLayout.Length));
        }
        catch (LinuxException)
        {
            // As if there were none.
        }

        foreach (FileDescriptor file in files)
            file.Dispose();
        return null;
    }

    /// <summary>What is shown, as a PNG file; null where nothing is.</summary>
    /// <param name="patience">How long a guest may take that has something newer.</param>
    public byte[]? TakePicture(TimeSpan patience)
    {
        lock (_lock)
        {
            // What was shown while nobody looked is old.
            _ = _ready.TryTake();
            _wanted.Signal();
            _ = _ready.WaitUntilUp(patience);
            var picture = new ScanoutPicture();
            return picture.TryTake(_picture.Bytes(0, ScanoutLayout.Length)) && picture.Width > 0 ? PngWriter.Write(picture.Width, picture.Height, picture.Pixels) : null;
        }
    }

    public void Dispose()
    {
        lock (_lock)
            _picture.Dispose();

        // The events are two of them.
        foreach (FileDescriptor file in _files)
            file.Dispose();
    }
}
