using System.Net.Sockets;
using System.Text;

namespace Hearth.Linux.Tests;

public sealed class FileDescriptorTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-linux-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Open_missingFile_saysWhichAndWhy()
    {
        string path = PathOf("missing");

        var error = Assert.Throws<LinuxException>(() => FileDescriptor.Open(path, FileAccessMode.Read));

        Assert.Equal($"{path}: No such file or directory", error.Message);
        Assert.Equal(2, error.ErrorNumber);
    }

    [Fact]
    public void Write_afterEmpty_replacesWhatWasThere()
    {
        string path = PathOf("file");
        File.WriteAllText(path, "something longer");

        using (FileDescriptor file = FileDescriptor.Open(path, FileAccessMode.Write))
        {
            Assert.Equal("something longer", File.ReadAllText(path));
            file.Empty();
            file.Write("short"u8);
        }

        Assert.Equal("short", File.ReadAllText(path));
    }

    [Fact]
    public void CreateNew_ofWhatIsThere_isRefused()
    {
        string path = PathOf("file");
        using FileDescriptor folder = FileDescriptor.Open(Path.GetDirectoryName(path)!, FileAccessMode.Directory);
        FileDescriptor.Open(path, FileAccessMode.CreateNew).Dispose();

        Assert.Throws<LinuxException>(() => FileDescriptor.Open(path, FileAccessMode.CreateNew));
        folder.Unlink("file");

        Assert.False(File.Exists(path));
        FileDescriptor.Open(path, FileAccessMode.CreateNew).Dispose();
    }

    [Fact]
    public void SameFile_isKnownByAnyName()
    {
        string path = PathOf("file");
        File.WriteAllText(path, "");
        File.WriteAllText(PathOf("other"), "");
        File.CreateSymbolicLink(PathOf("link"), path);
        using FileDescriptor file = FileDescriptor.Open(path, FileAccessMode.Read);
        using FileDescriptor link = FileDescriptor.Open(PathOf("link"), FileAccessMode.Read);
        using FileDescriptor other = FileDescriptor.Open(PathOf("other"), FileAccessMode.Read);
        using FileDescriptor nothing = FileDescriptor.Open("/dev/null", FileAccessMode.Read);

        Assert.True(file.IsSameFile(link));
        Assert.False(file.IsSameFile(other));
        Assert.False(nothing.IsSameFile(nothing));
    }

    [Fact]
    public void Read_ofAFile_givesItsBytesThenNothing()
    {
        string path = PathOf("file");
        File.WriteAllText(path, "content");
        using FileDescriptor file = FileDescriptor.Open(path, FileAccessMode.Read);
        var buffer = new byte[100];

        int first = file.Read(buffer);
        int second = file.Read(buffer);

        Assert.Equal("content", Encoding.UTF8.GetString(buffer, 0, first));
        Assert.Equal(0, second);
    }

    [Fact]
    public void NamelessFile_neverLinked_leavesNothing()
    {
        using (FileDescriptor file = FileDescriptor.Open(_folder.FullName, FileAccessMode.Nameless))
            file.Write("lost"u8);

        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public void NamelessFile_linked_appearsWhole()
    {
        using FileDescriptor directory = FileDescriptor.Open(_folder.FullName, FileAccessMode.Directory);
        using FileDescriptor file = FileDescriptor.Open(_folder.FullName, FileAccessMode.Nameless);
        file.Write("kept"u8);
        file.Synchronize();

        file.LinkInto(directory, "name");
        directory.Synchronize();

        Assert.Equal("kept", File.ReadAllText(PathOf("name")));
    }

    [Fact]
    public void LinkInto_nameTaken_isRefused()
    {
        File.WriteAllText(PathOf("name"), "older");
        using FileDescriptor directory = FileDescriptor.Open(_folder.FullName, FileAccessMode.Directory);
        using FileDescriptor file = FileDescriptor.Open(_folder.FullName, FileAccessMode.Nameless);

        Assert.Throws<LinuxException>(() => file.LinkInto(directory, "name"));

        Assert.Equal("older", File.ReadAllText(PathOf("name")));
    }

    [Fact]
    public void Connect_whereSomebodyListens_givesAStreamToHim()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(PathOf("socket")));
        listener.Listen();

        using FileDescriptor near = FileDescriptor.Connect(PathOf("socket"));
        using Socket far = listener.Accept();
        near.Write("hello"u8);
        byte[] heard = new byte[5];
        using var stream = new NetworkStream(far);
        stream.ReadExactly(heard);

        Assert.Equal("hello"u8, heard);
    }

    [Fact]
    public void Connect_whereNobodyListens_saysWhereAndWhy()
    {
        File.WriteAllText(PathOf("file"), "");

        var missing = Assert.Throws<LinuxException>(() => FileDescriptor.Connect(PathOf("missing")));
        var file = Assert.Throws<LinuxException>(() => FileDescriptor.Connect(PathOf("file")));
        var tooLong = Assert.Throws<LinuxException>(() => FileDescriptor.Connect(PathOf(new string('x', 200))));

        Assert.Equal($"{PathOf("missing")}: No such file or directory", missing.Message);
        Assert.Equal($"{PathOf("file")}: Connection refused", file.Message);
        Assert.EndsWith(": File name too long", tooLong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryFindData_sparseMemory_skipsTheHoles()
    {
        const int Length = 1 << 20;
        using FileDescriptor file = FileDescriptor.CreateMemory("sparse", Length);
        using MappedMemory memory = MappedMemory.Shared(file, Length);
        Touch(memory, 0x5_0000);

        bool found = file.TryFindData(0, out long start, out long end);
        bool foundMore = file.TryFindData(end, out _, out _);

        Assert.True(found);
        Assert.Equal(0x5_0000, start);
        Assert.Equal(0x5_1000, end);
        Assert.False(foundMore);
    }

    private static unsafe void Touch(MappedMemory memory, int offset) => memory.Address[offset] = 1;

    [Fact]
    public void ReadAt_aHoleOfAMemoryFile_givesZerosAndLeavesIt()
    {
        using FileDescriptor file = FileDescriptor.CreateMemory("sparse", 16 * 4096);
        file.Write(new byte[] { 1, 2, 3 });
        byte[] read = new byte[3 * 4096];

        file.ReadAt(read, 1);
        bool hasMore = file.TryFindData(4096, out _, out _);

        Assert.Equal([2, 3, 0], read[..3]);
        Assert.False(hasMore);
    }

    [Fact]
    public void ReadAt_pastTheEnd_isAnError()
    {
        using FileDescriptor file = FileDescriptor.CreateMemory("short", 10);

        Assert.Throws<LinuxException>(() => file.ReadAt(new byte[4], 8));
    }

    [Fact]
    public void TryPunchHole_leavesZerosAndTheLength()
    {
        using FileDescriptor file = FileDescriptor.CreateMemory("full", 0);
        byte[] content = new byte[3 * 4096];
        content.AsSpan().Fill(7);
        file.Write(content);

        bool isPunched = file.TryPunchHole(4096, 4096);
        file.ReadAt(content, 0);
        file.TryFindData(4096, out long next, out long end);

        Assert.True(isPunched);
        Assert.Equal((7, 0, 0, 7), (content[4095], content[4096], content[8191], content[8192]));
        Assert.Equal((8192, 12288), (next, end));
    }

    [Fact]
    public void Listen_underANewName_isForItsUserAlone()
    {
        string path = PathOf("socket");

        using FileDescriptor listener = FileDescriptor.Listen(path);
        using FileDescriptor program = FileDescriptor.Connect(path);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void Listen_whereNobodyListensAnyMore_takesTheName()
    {
        string path = PathOf("socket");
        FileDescriptor.Listen(path).Dispose();

        using FileDescriptor listener = FileDescriptor.Listen(path);
        using FileDescriptor program = FileDescriptor.Connect(path);

        Assert.NotEqual(-1, program.Number);
    }

    [Fact]
    public void Listen_whereSomebodyListens_isRefused()
    {
        string path = PathOf("socket");
        using FileDescriptor listener = FileDescriptor.Listen(path);

        var error = Assert.Throws<LinuxException>(() => FileDescriptor.Listen(path));

        Assert.Equal($"{path}: Address already in use", error.Message);
        using FileDescriptor program = FileDescriptor.Connect(path);
    }

    [Fact]
    public void Listen_underTheNameOfAnotherFile_leavesItAlone()
    {
        string path = PathOf("file");
        File.WriteAllText(path, "mine");

        Assert.Throws<LinuxException>(() => FileDescriptor.Listen(path));

        Assert.Equal("mine", File.ReadAllText(path));
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    [Fact]
    public void Duplicate_keepsTheLockOfTheOneThatIsClosed()
    {
        string path = PathOf("file");
        File.WriteAllText(path, "");
        using var other = new DiskFile(FileDescriptor.Open(path, FileAccessMode.ReadWrite));
        FileDescriptor first = FileDescriptor.Open(path, FileAccessMode.ReadWrite);
        var locked = new DiskFile(first);
        Assert.True(locked.TryLock(exclusive: true));

        using FileDescriptor second = first.Duplicate();
        locked.Dispose();
        bool during = other.TryLock(exclusive: true);
        second.Dispose();

        Assert.Equal((false, true), (during, other.TryLock(exclusive: true)));
    }
}
