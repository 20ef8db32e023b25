using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>An empty image that can be put on top of a disk (<see cref="Qcow2DiskImage.Push"/>); closed on dispose unless it was.</summary>
public sealed class DiskLayer : IDisposable
{
    private Qcow2Image? _image;

    internal DiskLayer(Qcow2Image image) => _image = image;

    public void Dispose()
    {
        _image?.Dispose();
        _image = null;
    }

    internal Qcow2Image Take()
    {
        Qcow2Image image = _image ?? throw new ObjectDisposedException(nameof(DiskLayer));
        _image = null;
        return image;
    }
}
