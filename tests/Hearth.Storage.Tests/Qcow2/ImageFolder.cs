using Hearth.Storage.Qcow2;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>A folder for a test's images, gone with the test.</summary>
internal sealed class ImageFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-qcow2-");

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public int FileCount => _folder.GetFiles().Length;

    public static Qcow2DiskImage Open(string path, bool readOnly = false) => new(DiskChain.Open(path, null, readOnly), readOnly);

    /// <summary>Opens an image without threads of its own.</summary>
    public static Qcow2Image OpenPlain(string path, bool readOnly = false) => ImageLayers.Open(DiskChain.Open(path, null, readOnly), readOnly, 1);

    /// <summary>All that the disk has.</summary>
    public static byte[] Content(string path)
    {
        using Qcow2Image image = OpenPlain(path, readOnly: true);
        using var scratch = new RequestScratch(0);
        var content = new byte[image.Length];
        image.Read(scratch, new BufferWindow(new Memory<byte>[] { content }, 0, content.Length), 0);
        return content;
    }

    /// <summary>Writes a file of random bytes.</summary>
    public string WriteRandom(string name, int length, int seed)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
