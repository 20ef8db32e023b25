namespace Hearth.Supervisor.Tests.Soak;

/// <summary>
/// Does to the files of a house what a power cut may do to what was not on stable storage: the ends of packs that no reported state needs, what is being committed, what is being
/// written to the store's journal, and everything that nobody brings to stable storage.
/// </summary>
internal sealed class PowerCut(string home, Random random)
{
    private readonly Lock _lock = new();
    private Dictionary<string, long> _safe = [];

    /// <summary>Something was reported: what the packs have now is on stable storage as far as it is needed.</summary>
    public void Reported()
    {
        lock (_lock)
            _safe = Packs().ToDictionary(pack => pack, pack => new FileInfo(pack).Length);
    }

    /// <param name="isReported">Whether a state that is there was reported. One that was committed and not reported needs its packs, too.</param>
    public void Strike(Predicate<long> isReported)
    {
        if (Directory.EnumerateDirectories(States).Select(folder => Path.GetFileName(folder)!).All(name => !long.TryParse(name, out long state) || isReported(state)))
        {
            foreach (string pack in Packs())
                CutPack(pack);
        }

        foreach (string file in Directory.EnumerateDirectories(States, "new-*").SelectMany(Directory.EnumerateFiles))
            Truncate(file, 0);
        MakeHalfAState();
        TearJournal();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(home, "run")))
            File.Delete(file);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(home, "guests"), "first", SearchOption.AllDirectories))
            Truncate(file, 0);
    }

    private string States => Path.Combine(home, "states", "states");

    private string[] Packs() => Directory.Exists(Path.Combine(home, "states", "packs")) ? Directory.GetFiles(Path.Combine(home, "states", "packs")) : [];

    private void CutPack(string pack)
    {
        long safe;
        lock (_lock)
            safe = _safe.GetValueOrDefault(pack);
        if (new FileInfo(pack).Length <= safe)
            return;
        using FileStream file = new(pack, FileMode.Open, FileAccess.ReadWrite);
        file.SetLength(safe + random.NextInt64(file.Length - safe));
        file.Position = Math.Max(safe, file.Length - 4096);
        var torn = new byte[file.Length - file.Position];
        random.NextBytes(torn);
        file.Write(torn);
    }

    private void MakeHalfAState()
    {
        string folder = Path.Combine(States, "new-000000999999");
        Directory.CreateDirectory(folder);
        var half = new byte[random.Next(1, 8192)];
        random.NextBytes(half);
        File.WriteAllBytes(Path.Combine(folder, "manifest"), half);
    }

    private void TearJournal()
    {
        using FileStream journal = new(Path.Combine(home, "hearth.db-journal"), FileMode.OpenOrCreate, FileAccess.Write);
        journal.Position = journal.Length;
        var half = new byte[random.Next(1, 3 * 8192)];
        random.NextBytes(half);
        journal.Write(half);
    }

    private void Truncate(string path, long least)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write);
        file.SetLength(least + random.NextInt64(file.Length - least + 1));
    }
}
