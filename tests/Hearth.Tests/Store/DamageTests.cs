using Hearth.House;
using Hearth.Store;

namespace Hearth.Tests.Store;

public sealed class DamageTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public DamageTests()
    {
        using HouseStore store = _folder.Open();
        for (int number = 0; number < 50; number++)
            store.Persons.Add(new Person(0, $"p{number}"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 100)]
    [InlineData(0, 8192)]
    [InlineData(8192, 8192)]
    [InlineData(16384, 40000)]
    public void Open_aDamagedFile_namesTheNewestBackupAndTouchesNothing(int from, int length)
    {
        Directory.CreateDirectory(_folder.Paths.BackupFolder);
        string backup = _folder.Paths.Backup(_folder.Clock.GetUtcNow());
        File.WriteAllText(backup, "");
        byte[] content = File.ReadAllBytes(_folder.Paths.Data);
        new Random(1).NextBytes(content.AsSpan(from, Math.Min(length, content.Length - from)));
        File.WriteAllBytes(_folder.Paths.Data, content);

        var error = Assert.Throws<StoreException>(() => _folder.Open());

        Assert.Contains($"{_folder.Paths.Data} is damaged and was left as it is; the newest backup is {backup}: `hearth up --from-backup {backup}`", error.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllBytes(_folder.Paths.Data));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8191)]
    [InlineData(8192)]
    [InlineData(8192 + 100)]
    public void Open_aFileThatIsCutOff_withoutBackup_saysHowToBeginAnew(int length)
    {
        Directory.Delete(_folder.Paths.BackupFolder, recursive: true);
        byte[] content = File.ReadAllBytes(_folder.Paths.Data);
        File.WriteAllBytes(_folder.Paths.Data, content[..length]);

        var error = Assert.Throws<StoreException>(() => _folder.Open());

        Assert.Contains($"there is no backup: move the files hearth.db* in {_folder.Paths.Home} away to begin anew", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_aJournalWithoutItsFile_isNotTakenForAnotherOnes()
    {
        using (HouseStore store = _folder.Open())
        {
            store.Persons.Add(new Person(0, "last"));
            _ = Directory.CreateDirectory(_folder.Paths.BackupFolder);
            File.Copy(_folder.Paths.Journal, _folder.Paths.Journal + ".kept");
        }

        File.Delete(_folder.Paths.Data);
        File.Move(_folder.Paths.Journal + ".kept", _folder.Paths.Journal, overwrite: true);

        var error = Assert.Throws<StoreException>(() => _folder.Open());

        Assert.Contains($"{_folder.Paths.Data} is gone, but not {_folder.Paths.Journal}", error.Message, StringComparison.Ordinal);
    }
}
