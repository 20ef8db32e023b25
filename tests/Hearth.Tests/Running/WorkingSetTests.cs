using System.Buffers.Binary;
using Hearth.Running;

namespace Hearth.Tests.Running;

public sealed class WorkingSetTests : IDisposable
{
    /// <summary>More than this is not remembered.</summary>
    private const int Most = 1024;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-working-set-");
    private readonly WorkingSet _set;

    public WorkingSetTests() => _set = new WorkingSet(FilePath);

    public void Dispose() => _folder.Delete(recursive: true);

    private string FilePath => Path.Combine(_folder.FullName, "first");

    [Fact]
    public void Read_withoutAFile_isEmpty() => Assert.Empty(_set.Read());

    [Theory]
    [InlineData()]
    [InlineData(0)]
    [InlineData(7, 3, 7, 65_536, 0)]
    public void Read_afterWrite_hasTheSameInTheSameOrder(params int[] groups)
    {
        _set.Write(groups);

        Assert.Equal(groups, new WorkingSet(FilePath).Read());
    }

    [Fact]
    public void Write_ofLess_leavesNothingOfWhatWasThere()
    {
        _set.Write([1, 2, 3]);

        _set.Write([4]);

        Assert.Equal([4], _set.Read());
    }

    [Fact]
    public void Write_ofTooMany_keepsTheFirst()
    {
        _set.Write([.. Enumerable.Range(5, Most + 1)]);

        Assert.Equal(Enumerable.Range(5, Most), _set.Read());
        Assert.Equal(Most * sizeof(int), new FileInfo(FilePath).Length);
    }

    [Fact]
    public void Read_ofTooMany_keepsTheFirst()
    {
        Write([.. Enumerable.Range(5, Most + 100)]);

        Assert.Equal(Enumerable.Range(5, Most), _set.Read());
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    [InlineData(7, 1)]
    [InlineData(9, 2)]
    public void Read_ofAFileThatWasCutOff_hasWhatIsWhole(int length, int whole)
    {
        Write([11, 12, 13]);
        File.WriteAllBytes(FilePath, File.ReadAllBytes(FilePath)[..length]);

        Assert.Equal(Enumerable.Range(11, whole), _set.Read());
    }

    /// <summary>Whoever reads takes them for places in an array whose end alone is looked at.</summary>
    [Fact]
    public void Read_ofNumbersThatCannotBe_hasNoneBelowZero()
    {
        Write([-1, int.MinValue, 5, int.MaxValue]);

        Assert.Equal([0, 0, 5, int.MaxValue], _set.Read());
    }

    [Fact]
    public void Read_isOfLittleEndianNumbers()
    {
        File.WriteAllBytes(FilePath, [1, 2, 0, 0]);

        Assert.Equal([0x201], _set.Read());
    }

    [Fact]
    public void Folder_thatIsNotThere_costsNothingButTheMemory()
    {
        var set = new WorkingSet(Path.Combine(_folder.FullName, "none", "first"));

        set.Write([1]);

        Assert.Empty(set.Read());
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public void File_thatIsAFolder_costsNothingButTheMemory()
    {
        Directory.CreateDirectory(FilePath);

        _set.Write([1]);

        Assert.Empty(_set.Read());
    }

    /// <summary>A file that somebody keeps open for himself.</summary>
    [Fact]
    public void File_thatIsInUse_costsNothingButTheMemory()
    {
        _set.Write([1]);
        using FileStream other = File.Open(FilePath, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        _set.Write([2]);

        Assert.Empty(_set.Read());
    }

    private void Write(int[] groups)
    {
        var bytes = new byte[groups.Length * sizeof(int)];
        for (int i = 0; i < groups.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), groups[i]);
        File.WriteAllBytes(FilePath, bytes);
    }
}
