namespace Hearth.Boot.Tests;

public sealed class BalloonTests
{
    private const int SavedExitCode = 14;
    private const long Mebibyte = 1 << 20;

    private const string BalloonPages = "awk '/^balloon_inflate/ { print $2 }' /proc/vmstat";

    /// <summary>Touches 320 MiB, says so, and lets go of them when a line is typed.</summary>
    private const string Touch = """
        mkdir /mnt
        mount -t tmpfs -o size=400m none /mnt
        dd if=/dev/zero of=/mnt/ballast bs=1M count=320 2> /dev/null
        echo touched
        read go
        rm /mnt/ballast
        """;

    /// <summary>The driver is taken from its device, which empties the balloon, and gets it back when memory was touched.</summary>
    [Fact]
    public void Guest_thatGivesUpMemory_isSmallerForTheHostAndComputesOn()
    {
        string script = $$"""
            driver=/sys/bus/virtio/drivers/virtio_balloon
            device=$(basename $driver/virtio*)
            echo $device > $driver/unbind
            {{Touch}}
            before=$({{BalloonPages}})
            echo $device > $driver/bind
            until [ $(($({{BalloonPages}}) - before)) -ge 65536 ]; do sleep 0.2; done
            echo inflated
            {{ChecksumChain.Script()}}
            """;
        using TestGuest guest = NewGuest(script).With("--balloon", "256M", "--stats");
        using HearthProcess process = guest.Start();
        process.WaitForText("touched");
        long touched = process.ResidentMemory();

        process.Type("\n");
        process.WaitForText("inflated");
        long inflated = process.ResidentMemory();
        HearthOutcome outcome = process.WaitForExit().AssertPoweredOff();

        Assert.True(touched > 320 * Mebibyte, $"{touched >> 20} MiB were resident");
        Assert.True(inflated < 264 * Mebibyte, $"{inflated >> 20} MiB were resident with a balloon of 256 MiB");
        Assert.Equal(ChecksumChain.Sum(), outcome.Value("sums"));

        // What is counted over the whole run: a kernel that powers off has reset the device.
        Assert.Matches(@"virtio-balloon0: given back by inflating +(25[6-9]|2[6-9]\d|[3-9]\d\d) MiB", outcome.Error);
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Guest_thatLetsGoOfMemory_reportsItAsFree()
    {
        string script = $$"""
            {{Touch}}
            echo let go
            read go
            {{ChecksumChain.Script()}}
            """;
        using TestGuest guest = NewGuest(script).With("--balloon", "0");
        using HearthProcess process = guest.Start();
        process.WaitForText("touched");
        long touched = process.ResidentMemory();

        process.Type("\n");
        process.WaitForText("let go");
        process.WaitForResidentMemory(touched - (200 * Mebibyte));
        process.Type("\n");
        HearthOutcome outcome = process.WaitForExit().AssertPoweredOff();

        Assert.Equal(ChecksumChain.Sum(), outcome.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Guest_savedWithAnInflatedBalloon_goesOnAsSmall()
    {
        string script = $$"""
            until [ $({{BalloonPages}}) -ge 65536 ]; do sleep 0.2; done
            {{ChecksumChain.Script()}}
            echo "pages=$({{BalloonPages}})"
            echo computed
            read go
            driver=/sys/bus/virtio/drivers/virtio_balloon
            basename $driver/virtio* > $driver/unbind
            mkdir /mnt
            mount -t tmpfs -o size=400m none /mnt
            dd if=/dev/zero of=/mnt/all bs=1M count=320 2> /dev/null
            echo "filled=$(wc -c < /mnt/all)"
            """;
        using TestGuest guest = NewGuest(script).With("--balloon", "256M");
        string file = guest.Scratch["saved"];
        using HearthProcess process = HearthProcess.Start([.. guest.Arguments, "--save", file]);
        process.WaitForText("round 3 on 0");
        process.Save();
        HearthOutcome saved = process.WaitForExit();

        using HearthProcess again = HearthProcess.Start([.. guest.Arguments, "--restore", file]);
        again.WaitForText("computed");
        long resident = again.ResidentMemory();
        again.Type("\n");
        HearthOutcome restored = again.WaitForExit().AssertPoweredOff();

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.True(resident < 264 * Mebibyte, $"{resident >> 20} MiB were resident with a balloon of 256 MiB");
        Assert.Equal(ChecksumChain.Sum(), restored.Value("sums"));
        Assert.Equal(("65536", $"{320 * Mebibyte}"), (restored.Value("pages"), restored.Value("filled")));
        Assert.Empty(BrokenHardware.FindIn(restored));
    }

    private static TestGuest NewGuest(string script) => new TestGuest(GuestAssets.CloudKernel, script, "virtio_pci", "virtio_balloon").WithCpus(2);
}
