using Hearth.Linux;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>Puts the files of a chain on top of one another.</summary>
internal static class ImageLayers
{
    /// <param name="chain">The top one is qcow2; owned from now on, also when this fails.</param>
    /// <param name="workers">How many threads change the top one at once.</param>
    /// <param name="length"><inheritdoc cref="Qcow2Image(ImageFile, IImageLayer?, bool, int, ulong?)" path="/param[@name='length']"/></param>
    /// <exception cref="StorageException">A file is damaged, of a kind that is not supported, or in use.</exception>
    public static Qcow2Image Open(IReadOnlyList<ChainFile> chain, bool isReadOnly, int workers, ulong? length = null)
    {
        int opened = chain.Count;
        IImageLayer? below = null;
        try
        {
            while (opened > 1)
            {
                ChainFile file = chain[--opened];
                below = OpenBelow(file, below);
            }

            opened = 0;
            return new Qcow2Image(OpenFile(chain[0], exclusive: !isReadOnly), below, isReadOnly, workers, length);
        }
        catch
        {
            below?.Dispose();
            for (int i = 0; i < opened; i++)
                chain[i].File.Dispose();
            throw;
        }
    }

    /// <summary>Opens a chain whose top file may be raw too, for reading.</summary>
    /// <inheritdoc cref="Open"/>
    public static IImageLayer OpenForReading(IReadOnlyList<ChainFile> chain) =>
        chain[0].Format == DiskFormat.Raw ? OpenBelow(chain[0], null) : Open(chain, isReadOnly: true, 1);

    /// <summary>Puts one file on top of what is open already.</summary>
    /// <param name="file">qcow2; owned from now on, also when this fails.</param>
    /// <exception cref="StorageException">It is damaged, of a kind that is not supported, or in use.</exception>
    public static Qcow2Image OpenOn(ChainFile file, IImageLayer below, int workers) => new(OpenFile(file, exclusive: true), below, isReadOnly: false, workers);

    private static IImageLayer OpenBelow(ChainFile file, IImageLayer? below)
    {
        ImageFile image = OpenFile(file, exclusive: false);
        return file.Format == DiskFormat.Raw ? new RawLayer(image) : new Qcow2Image(image, below, isReadOnly: true, 1);
    }

    /// <summary>Locks a file before anybody looks at what is in it.</summary>
    /// <param name="file">Owned from now on, also when this fails.</param>
    /// <exception cref="StorageException">It is in use.</exception>
    public static ImageFile OpenFile(ChainFile file, bool exclusive)
    {
        var image = new ImageFile(new HostImageStore(file.File), file.Name);
        try
        {
            image.Lock(exclusive);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }
}
