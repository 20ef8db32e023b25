using Hearth.Bench.Save;

namespace Hearth.Bench.Tests.Save;

public sealed class ProcessMemoryTests
{
    private const string Maps = """
        7f0000000000-7f0040000000 rw-s 00000000 00:01 5                          /memfd:hearth-ram (deleted)
        Size:            1048576 kB
        Rss:              204800 kB
        Pss:              204800 kB
        VmFlags: rd wr sh mr mw me ms sd
        7f0050000000-7f0050100000 rw-p 00000000 00:00 0
        Rss:                1024 kB
        Pss:                 512 kB
        Pss_Dirty:           512 kB
        7f0050100000-7f0050200000 r-xp 00000000 08:01 77                         /usr/lib/name with: a colon
        Rss:                3072 kB
        Pss:                1024 kB
        """;

    [Fact]
    public void Sum_isOfAllMappings_butThoseOfTheGuestsRam() =>
        Assert.Equal(new ProcessMemory(1.5, 4), ProcessMemory.Sum(Maps.Split('\n'), "hearth-ram"));
}
