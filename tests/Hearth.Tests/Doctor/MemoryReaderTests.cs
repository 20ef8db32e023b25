using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;

namespace Hearth.Tests.Doctor;

public sealed class MemoryReaderTests : IDisposable
{
    private readonly HostFolder _host = new();

    [Fact]
    public void Read_aDesktop_isInBytes()
    {
        _host
            .With("proc/meminfo", "MemTotal:       16303428 kB\nMemFree:         1024 kB\nMemAvailable:   8151714 kB\nSwapTotal:       2097148 kB\nSwapFree:        2097148 kB\nHugePages_Total:       0\n")
            .With("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "512\n")
            .With("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "500\n")
            .With("sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0\n")
            .With("sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "0\n")
            .With("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");

        MemoryFacts memory = MemoryReader.Read(_host.Tree);

        Assert.Equal(16303428L << 10, memory.Total);
        Assert.Equal(1L << 20, memory.Free);
        Assert.Equal(8151714L << 10, memory.Available);
        Assert.Equal(memory.SwapTotal, memory.SwapFree);
        Assert.Equal([new HugePagePool(2 << 20, 512, 500), new HugePagePool(1 << 30, 0, 0)], memory.HugePages);
        Assert.Equal("madvise", memory.TransparentHugePages);
        Assert.Null(memory.Note);
    }

    [Fact]
    public void Read_oddFiles_leavesOutWhatIsNoNumber()
    {
        _host
            .With("proc/meminfo", "MemTotal: lots kB\nMemFree:\nMemAvailable: 99999999999999999999999 kB\nSwapTotal: -1 kB\n")
            .With("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "x")
            .With("sys/kernel/mm/hugepages/README", "")
            .With("sys/kernel/mm/transparent_hugepage/enabled", "");

        MemoryFacts memory = MemoryReader.Read(_host.Tree);

        Assert.Equal(new MemoryFacts(null, null, null, null, null, [], null, null), memory with { HugePages = [] });
        Assert.Empty(memory.HugePages);
    }

    [Fact]
    public void Read_nothing_saysSo() =>
        Assert.Equal("nothing is known of memory (/proc/meminfo is not there)", MemoryReader.Read(_host.Tree).Note);

    [Theory]
    [InlineData(null, "not known")]
    [InlineData(0L, "0 bytes")]
    [InlineData(2048L << 10, "2 MiB")]
    [InlineData(16303428L << 10, "15.5 GiB")]
    public void ByteCount_isReadable(long? bytes, string expected) => Assert.Equal(expected, Hearth.Doctor.ByteCount.Write(bytes));

    public void Dispose() => _host.Dispose();
}
