namespace Hearth.Boot.Tests;

/// <summary>A folder for one test's files, gone when the test ends.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hearth-boot-");

    public string Path => _directory.FullName;

    /// <summary>Writes a file.</summary>
    /// <returns>Its full path.</returns>
    public string Write(string name, byte[] content)
    {
        string path = this[name];
        File.WriteAllBytes(path, content);
        return path;
    }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
