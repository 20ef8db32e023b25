using System.Globalization;
using System.Text;
using Hearth.Bench.Cpu;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench.Io;

/// <summary>The guest in which the rows run, with the devices that they need and no others.</summary>
internal static class IoGuest
{
    // The smaller kernel for clouds has no drivers of screens.
    private const string Kernel = "linux-image-amd64";

    private const string LeaseScript = """
        #!/bin/sh
        test "$1" = bound || exit 0
        ip addr add $ip/$mask dev $interface
        ip route add default via $router dev $interface
        echo $router > /run/router
        """;

    // A console that blinks would draw between the frames.
    private const string FreeScreen = """
        while [ ! -e /dev/dri/card0 ]; do usleep 10000; done
        for console in /sys/class/vtconsole/*; do echo 0 > $console/bind; done

        """;

    private const string StartNetwork = """
        ip link set lo up
        ip link set eth0 up
        udhcpc -i eth0 -n -q -t 10 -s /etc/lease > /dev/null 2>&1

        """;

    /// <summary>Writes an initramfs that runs the rows and powers off. Disks and passt are those of a run.</summary>
    public static GuestConfiguration Create(GuestPrograms programs, IReadOnlyList<IoRow> rows, IoImages images, int port, string directory)
    {
        var cache = PackageCache.Default();
        KernelPackage kernel = cache.FetchKernel(Kernel);
        var script = new StringBuilder();
        var options = new StringBuilder(images.GuestOptions);
        List<string> modules = ["virtio_pci"];
        if (rows.Any(row => row.Class is IoRow.Raw or IoRow.Qcow2))
            modules.Add("virtio_blk");
        if (rows.Any(row => row.Class == IoRow.Screen))
        {
            modules.Add("virtio_gpu");
            script.Append(FreeScreen);
        }

        if (rows.Any(row => row.Class == IoRow.Network))
        {
            modules.Add("virtio_net");
            script.Append(StartNetwork);
            options.Append(CultureInfo.InvariantCulture, $"--server $(cat /run/router):{port} ");
        }

        script.Append(CultureInfo.InvariantCulture, $"/{GuestPrograms.Io} {options}{string.Join(' ', rows.Select(row => row.Name))}");
        string initrd = Path.Combine(directory, "initrd.img");
        File.WriteAllBytes(initrd, new InitramfsBuilder()
            .AddBusybox(cache.Fetch("busybox-static"))
            .AddModules(kernel, modules)
            .AddFile(GuestPrograms.Io, File.ReadAllBytes(Path.Combine(programs.Directory, GuestPrograms.Io)), executable: true)
            .AddFile("etc/lease", Encoding.UTF8.GetBytes(LeaseScript), executable: true)
            .Run(script.ToString())
            .Build());
        return new GuestConfiguration(kernel.Image, initrd)
        {
            CommandLine = "console=ttyS0 panic=-1 quiet",
            Memory = "1G",
            Screen = rows.Any(row => row.Class == IoRow.Screen) ? (1024, 768) : null,
        };
    }
}
