using System.Security.Cryptography;
using System.Text;

namespace Hearth.Boot.Tests;

public sealed class NetworkTests
{
    private const string LeaseScript = """
        #!/bin/sh
        if [ "$1" = bound ]; then
            ip addr add $ip/$mask dev $interface
            ip route add default via $router dev $interface
            echo $router > /run/router
        fi
        """;

    private static string FetchScript(int port) => $"""
        ip link set lo up
        ip link set eth0 up
        udhcpc -i eth0 -n -q -t 10 -s /etc/udhcpc.script > /dev/null 2>&1
        wget -q -O /tmp/page http://$(cat /run/router):{port}/page
        echo "page=$(sha256sum /tmp/page | cut -c 1-64)"
        """;

    [Theory]
    [InlineData(GuestAssets.CloudKernel)]
    [InlineData(GuestAssets.Kernel686)]
    public void Page_ofAServerOnTheHost_isFetchedWhole(string kernel)
    {
        string page = RandomNumberGenerator.GetHexString(1 << 20);
        using LoopbackServer server = LoopbackServer.OfPage(page);
        using var scratch = new ScratchDirectory();
        Guests.Debian.KernelPackage package = GuestAssets.FetchKernel(kernel);
        byte[] initramfs = GuestAssets.Initramfs(kernel, FetchScript(server.Port))
            .AddModules(package, "virtio_pci", "virtio_net")
            .AddFile("etc/udhcpc.script", Encoding.UTF8.GetBytes(LeaseScript), executable: true)
            .Build();

        HearthOutcome outcome = HearthProcess.Run(
            [
                "vm", "run", .. TestEngine.Arguments, "--memory", "512M", "--net", "user", "--serial", "stdio", "--no-reboot",
                "--kernel", package.Image, "--initrd", scratch.Write("initrd.img", initramfs), "--append", TestGuest.CommandLine,
            ],
            ("HEARTH_PASST", GuestAssets.Passt())).AssertPoweredOff();

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(page))), outcome.Value("page"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }
}
