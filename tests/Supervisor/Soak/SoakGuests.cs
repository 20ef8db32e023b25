using Hearth.Boot.Tests;
using Hearth.Guests.Debian;
using Hearth.House;
using Hearth.Storage;

namespace Hearth.Supervisor.Tests.Soak;

/// <summary>Guests that find out by themselves whether something is wrong with them, and write <c>wrong</c> then.</summary>
internal static class SoakGuests
{
    public const string Memory = "256M";

    private const int Rounds = 4;
    private const long DiskLength = 16 << 20;

    /// <summary>Writes <c>tick N UPTIME.</c> each 10 ms: a clock in whose lines everything is seen that holds a guest up. It starts no program, which would take longer than that.</summary>
    public const string Clock = """
        mkfifo /tmp/never
        exec 3<> /tmp/never
        n=1
        while true; do
            read -r up rest < /proc/uptime
            echo "tick $n $up."
            n=$((n + 1))
            read -r -t 0.01 nothing <&3
        done
        """;

    /// <summary>Writes <c>sum N right.</c>, for ever: each time the same chain, whose end is known.</summary>
    public static string Sums { get; } = FormattableString.Invariant($$"""
        n=1
        while true; do
            sum=
            round=1
            while [ $round -le {{Rounds}} ]; do
                sum=$({ echo "$sum"; head -c 150000 /dev/zero; } | sha256sum | cut -c 1-64)
                round=$((round + 1))
            done
            if [ "$sum" = {{ChecksumChain.Sum(Rounds)}} ]; then echo "sum $n right."; else echo "wrong: $sum"; fi
            n=$((n + 1))
        done
        """);

    /// <summary>
    /// Writes <c>ready</c>, after a while something to 16 MiB of its memory, then <c>written</c>, and from then on <c>data N right.</c>, for ever: memory that is changed once and
    /// never again.
    /// </summary>
    public const string Data = """
        echo "ready"
        sleep 15
        head -c 16777216 /dev/urandom > /tmp/data
        sum=$(sha256sum < /tmp/data)
        echo "written"
        n=1
        while true; do
            if [ "$(sha256sum < /tmp/data)" = "$sum" ]; then echo "data $n right."; else echo "wrong: data"; fi
            n=$((n + 1))
        done
        """;

    /// <summary>A guest without a disk.</summary>
    public static GuestDefinition Define(ScratchDirectory scratch, string name, string script, params string[] modules)
    {
        KernelPackage kernel = GuestAssets.FetchKernel(GuestAssets.CloudKernel);
        return new GuestDefinition
        {
            Name = name,
            Engine = "software",
            Memory = Memory,
            Kernel = kernel.Image,
            Initrd = scratch.Write($"{name}.initrd", GuestAssets.Initramfs(GuestAssets.CloudKernel, script).AddModules(kernel, modules).Build()),
            Append = "console=ttyS0 panic=-1",
            Vga = "none",
            CheckpointSeconds = 0,
        };
    }

    /// <summary>A guest that compares its disk with its memory all the time (<see cref="DiskLog"/>).</summary>
    public static GuestDefinition DefineDiskLog(ScratchDirectory scratch, string name)
    {
        string disk = scratch[$"{name}.qcow2"];
        _ = DiskCreation.Create(new NewDisk(disk, DiskLength));
        return Define(scratch, name, DiskLog.Script(), "virtio_pci", "virtio_blk") with { Disks = [new GuestDisk(disk, "qcow2")] };
    }
}
