using Hearth.Store;
using Hearth.Tests.House;

namespace Hearth.Tests.Store;

/// <summary>A home folder with a store, gone when the test ends.</summary>
internal sealed class StoreFolder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hearth-store-");

    public StoreFolder() => Paths = new StorePaths(_root.FullName);

    public StorePaths Paths { get; }

    public HouseClock Clock { get; } = new();

    public List<string> Log { get; } = [];

    public HouseStore Open(Schema? schema = null) => HouseStore.Open(Paths.Home, Clock, Log.Add, schema);

    /// <summary>The store's files as a power cut would leave them, with the journal cut off.</summary>
    /// <param name="journal">Bytes of it that are left.</param>
    public void CutInto(StoreFolder other, int journal)
    {
        File.Copy(Paths.Data, other.Paths.Data, overwrite: true);
        File.WriteAllBytes(other.Paths.Journal, File.ReadAllBytes(Paths.Journal)[..journal]);
    }

    public void Dispose() => _root.Delete(recursive: true);
}
