using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

/// <summary>A small tree of files as the kernel shows them, gone when the test ends.</summary>
internal sealed class HostFolder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hearth-doctor-");

    public HostTree Tree => new(_root.FullName);

    public string Full(string path) => Path.Combine(_root.FullName, path);

    public HostFolder With(string path, string text) => With(path, System.Text.Encoding.UTF8.GetBytes(text));

    public HostFolder With(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Full(path))!);
        File.WriteAllBytes(Full(path), content);
        return this;
    }

    public HostFolder WithFolder(string path)
    {
        Directory.CreateDirectory(Full(path));
        return this;
    }

    public HostFolder WithLink(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Full(path))!);
        File.CreateSymbolicLink(Full(path), target);
        return this;
    }

    /// <summary>Something that is there and cannot be read, not even by root: a link to itself.</summary>
    public HostFolder WithUnreadable(string path) => WithLink(path, Path.GetFileName(path));

    public void Dispose() => _root.Delete(recursive: true);
}
