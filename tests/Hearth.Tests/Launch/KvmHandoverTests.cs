using Hearth.Launch;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Tests.Launch;

public sealed class KvmHandoverTests
{
    [Fact]
    public void Open_noDevice_saysWhatMayBeTheCause()
    {
        GuestConfiguration configuration = KvmHandover.Open(new GuestConfiguration { Engine = "kvm" }, _ => Assert.Fail("nothing opens"), "/nonexistent/kvm");

        Assert.Null(configuration.Kvm);
        Assert.Equal(KvmObstacle.Missing, configuration.KvmRefusal!.Obstacle);
        Assert.StartsWith("/nonexistent/kvm is not there: ", configuration.KvmRefusal.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_aDeviceForOthers_saysHowToBecomeOneOfThem()
    {
        const int EACCES = 13;

        KvmRefusal refusal = KvmHandover.Describe(new LinuxException("/dev/kvm", EACCES));

        Assert.Equal(KvmObstacle.NotAllowed, refusal.Obstacle);
        Assert.Equal(
            $"/dev/kvm: Permission denied; where it belongs to a group kvm, \"sudo usermod -aG kvm {Environment.UserName}\" and a new login let you use it", refusal.Reason);
    }

    [Fact]
    public void Describe_aDeviceWithoutDriver_isWhatTheKernelSays()
    {
        const int ENODEV = 19;

        KvmRefusal refusal = KvmHandover.Describe(new LinuxException("/dev/kvm", ENODEV));

        Assert.Equal((KvmObstacle.DoesNotOpen, "/dev/kvm: No such device"), (refusal.Obstacle, refusal.Reason));
    }

    [Fact]
    public void Open_aDevice_isHandedOver()
    {
        var open = new List<FileDescriptor>();

        GuestConfiguration configuration = KvmHandover.Open(new GuestConfiguration { Engine = "auto" }, open.Add, "/dev/null");

        using FileDescriptor file = Assert.Single(open);
        Assert.Equal(new OpenFile(file.Number, "/dev/null"), configuration.Kvm);
        Assert.Null(configuration.KvmRefusal);
    }

    [Fact]
    public void Open_theSoftwareEngineAlone_looksAtNothing()
    {
        var configuration = new GuestConfiguration { Engine = "software" };

        Assert.Same(configuration, KvmHandover.Open(configuration, _ => Assert.Fail("nothing opens"), "/nonexistent/kvm"));
    }
}
