using Hearth.Guests.Debian;

namespace Hearth.Guests.Tests.Debian;

public sealed class PackageRecordTests
{
    [Fact]
    public void Stanza_ofAMetapackage_givesNameVersionAndDependencies()
    {
        PackageRecord? record = PackageRecord.Parse("""
            Package: linux-image-amd64
            Source: linux-signed-amd64
            Version: 6.1.0-50
            Depends: linux-image-6.1.0-50-amd64 (= 6.1.176-1), kmod | busybox, libc6:any (>= 2.34)
            Description: Linux for 64-bit PCs (meta-package)

            Package: another
            Version: 1
            """);

        Assert.NotNull(record);
        Assert.Equal("linux-image-amd64", record.Name);
        Assert.Equal("6.1.0-50", record.Version);
        Assert.Equal(["linux-image-6.1.0-50-amd64", "kmod", "libc6"], record.Depends);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Package: nothing-else\n")]
    [InlineData("Version: 1.0\n")]
    public void Stanza_withoutNameOrVersion_isNoPackage(string text) => Assert.Null(PackageRecord.Parse(text));

    [Fact]
    public void Plan_ofApt_givesWhatItWouldInstall()
    {
        IReadOnlyList<PackageRecord> records = PackageRecord.ParsePlan("""
            Reading package lists...
            The following NEW packages will be installed:
              libc6 zlib1g
            Inst libc6 (2.36-9 Debian:12/stable [amd64]) []
            Inst zlib1g (1:1.2.13.dfsg-1 Debian:12/stable [amd64])
            Conf libc6 (2.36-9 Debian:12/stable [amd64])
            Conf zlib1g (1:1.2.13.dfsg-1 Debian:12/stable [amd64])
            """);

        Assert.Equal([("libc6", "2.36-9"), ("zlib1g", "1:1.2.13.dfsg-1")], records.Select(record => (record.Name, record.Version)));
    }
}
