namespace Hearth.Snapshots.Files;

/// <summary>
/// The folder that the store is kept in: the host's, or what a test puts in its place. Paths are relative to it. What goes wrong is a
/// <see cref="SnapshotException"/>.
/// </summary>
internal interface IStoreFolder : IDisposable
{
    /// <summary>How messages call a path.</summary>
    string NameOf(string path);

    /// <summary>Names of what is in a folder, in no order; none where there is no such folder.</summary>
    IReadOnlyList<string> List(string folder);

    void CreateFolder(string path);

    /// <summary>Creates a file, for reading and writing. There must be none.</summary>
    IStoreFile Create(string path);

    /// <summary>Opens a file, for reading and writing.</summary>
    IStoreFile Open(string path);

    /// <summary>Gives a file or a folder another name, which must be free.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file, or a folder with all that is in it.</summary>
    void Delete(string path);

    /// <summary>Brings the names in a folder to stable storage.</summary>
    void Synchronize(string folder);
}
