using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Hearth.Guests;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;

namespace Hearth.Bench.Kvm;

/// <summary>A guest that both monitors run, and the figures that one run of it gives.</summary>
internal abstract class KvmWorkload
{
    public abstract string Name { get; }

    /// <summary>The figures by name, in the order of the table.</summary>
    public abstract IReadOnlyList<KvmFigure> Figures { get; }

    /// <summary>What the machine's shell does beside the monitor: $pid is its process, $console the file of its console. It may write to $notes.</summary>
    public virtual string Watch => "";

    /// <summary>Writes what the guest needs.</summary>
    public abstract GuestConfiguration Prepare(IKvmHost host);

    /// <param name="elapsed">From the start of the monitor's process to its end.</param>
    /// <param name="console">What the guest said, and the notes.</param>
    /// <returns>A value for each figure; NaN where the guest said none.</returns>
    public abstract IReadOnlyList<double> Read(TimeSpan elapsed, string console);

    /// <summary>All there are.</summary>
    public static IReadOnlyList<KvmWorkload> All { get; } = [new Boot(), new Ports(), new Disk(), new Idle()];

    private static string DebianInitrd(IKvmHost host, KernelPackage kernel, string script, params string[] modules)
    {
        string initrd = Path.Combine(host.Folder, "initrd.img");
        PackageCache cache = PackageCache.Default();
        File.WriteAllBytes(initrd, new InitramfsBuilder().AddBusybox(cache.Fetch("busybox-static")).AddModules(kernel, modules).Run(script).Build());
        return initrd;
    }

    private static double Number(string console, [StringSyntax(StringSyntaxAttribute.Regex)] string pattern) =>
        Regex.Match(console, pattern) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : double.NaN;

    /// <summary>Debian's cloud kernel from the start of the process to the end after power-off.</summary>
    private sealed class Boot : KvmWorkload
    {
        public override string Name => "boot";

        public override IReadOnlyList<KvmFigure> Figures { get; } = [new("boot to power-off", "s", HigherIsBetter: false)];

        public override GuestConfiguration Prepare(IKvmHost host)
        {
            KernelPackage kernel = PackageCache.Default().FetchKernel(BootAssets.DefaultKernel);
            return new GuestConfiguration(kernel.Image, DebianInitrd(host, kernel, ""));
        }

        public override IReadOnlyList<double> Read(TimeSpan elapsed, string console) =>
            [console.Contains(InitramfsBuilder.InitMarker, StringComparison.Ordinal) ? elapsed.TotalSeconds : double.NaN];
    }

    /// <summary>Exits for port accesses; see <see cref="PortKernel"/>.</summary>
    private sealed class Ports : KvmWorkload
    {
        public override string Name => "ports";

        public override IReadOnlyList<KvmFigure> Figures { get; } =
            [new("port writes", "exits/s", HigherIsBetter: true), new("port reads", "exits/s", HigherIsBetter: true)];

        public override GuestConfiguration Prepare(IKvmHost host)
        {
            string kernel = Path.Combine(host.Folder, "ports.elf");
            File.WriteAllBytes(kernel, PortKernel.Build());
            return new GuestConfiguration(kernel, null) { Memory = "64M" };
        }

        public override IReadOnlyList<double> Read(TimeSpan elapsed, string console) =>
            [Number(console, @"port-write=(\d+)") / PortKernel.Seconds, Number(console, @"port-read=(\d+)") / PortKernel.Seconds];
    }

    /// <summary>A virtio disk whose image lies in the host's memory, read and written past the guest's page cache, one request at a time.</summary>
    private sealed class Disk : KvmWorkload
    {
        private const int LargeLength = 1 << 20;
        private const int SmallLength = 4 << 10;

        // Enough for a second in the proving ground.
        private const int LargeCount = 96;
        private const int SmallCount = 2000;

        public override string Name => "disk";

        public override IReadOnlyList<KvmFigure> Figures { get; } =
        [
            new("virtio-blk read 1M", "MB/s", HigherIsBetter: true),
            new("virtio-blk write 1M", "MB/s", HigherIsBetter: true),
            new("virtio-blk read 4K", "MB/s", HigherIsBetter: true),
            new("virtio-blk write 4K", "MB/s", HigherIsBetter: true),
        ];

        public override GuestConfiguration Prepare(IKvmHost host)
        {
            KernelPackage kernel = PackageCache.Default().FetchKernel(BootAssets.DefaultKernel);
            string disk = $"/dev/shm/hearth-bench-{Environment.ProcessId}.img";
            CommandResult created = host.Run($"head -c {LargeCount * LargeLength} /dev/urandom > {disk}");
            if (created.ExitCode != 0)
                throw new GuestsException($"{disk} cannot be written: {created.LastWords}");
            return new GuestConfiguration(kernel.Image, DebianInitrd(host, kernel, Script, "virtio_pci", "virtio_blk"))
            {
                CommandLine = "console=ttyS0 panic=-1 quiet",
                Disks = [new GuestDisk(disk)],
            };
        }

        public override IReadOnlyList<double> Read(TimeSpan elapsed, string console) =>
            [.. Enumerable.Range(0, Figures.Count).Select(row => Rate(console, row))];

        private static readonly int[] s_lengths = [LargeLength * LargeCount, LargeLength * LargeCount, SmallLength * SmallCount, SmallLength * SmallCount];

        /// <summary>Each kind is done once before it is measured; /proc/uptime has hundredths of a second.</summary>
        private static string Script => $$"""
            uptime() { cut -d ' ' -f 1 /proc/uptime; }
            run() { dd if=$2 of=$3 bs=$4 count=$5 $6 2> /dev/null; }
            measure() { run $*; before=$(uptime); run $*; echo "disk$1 from $before to $(uptime)"; }
            measure 0 /dev/vda /dev/null {{LargeLength}} {{LargeCount}} iflag=direct
            measure 1 /dev/zero /dev/vda {{LargeLength}} {{LargeCount}} oflag=direct
            measure 2 /dev/vda /dev/null {{SmallLength}} {{SmallCount}} iflag=direct
            measure 3 /dev/zero /dev/vda {{SmallLength}} {{SmallCount}} oflag=direct
            """;

        private static double Rate(string console, int row) =>
            s_lengths[row] / 1e6 / (Number(console, $@"disk{row} from .* to ([\d.]+)") - Number(console, $@"disk{row} from ([\d.]+)"));
    }

    /// <summary>Processor time of a monitor whose guest sleeps.</summary>
    private sealed class Idle : KvmWorkload
    {
        private const int Seconds = 20;

        public override string Name => "idle";

        public override IReadOnlyList<KvmFigure> Figures { get; } = [new("idle guest", "% of a core", HigherIsBetter: false)];

        /// <summary>Fields 14 and 15 of /proc/PID/stat are user and system time in hundredths of a second (proc_pid_stat(5)).</summary>
        public override string Watch => $$"""
            until grep -q asleep $console || ! kill -0 $pid; do sleep 0.2; done
            sleep 5
            set -- $(cat /proc/$pid/stat); before_idle=$((${14} + ${15}))
            sleep {{Seconds}}
            set -- $(cat /proc/$pid/stat); echo "idle-ticks=$((${14} + ${15} - before_idle))" > $notes
            """;

        public override GuestConfiguration Prepare(IKvmHost host)
        {
            KernelPackage kernel = PackageCache.Default().FetchKernel(BootAssets.DefaultKernel);
            return new GuestConfiguration(kernel.Image, DebianInitrd(host, kernel, $"echo asleep; sleep {Seconds + 20}")) { CommandLine = "console=ttyS0 panic=-1 quiet" };
        }

        public override IReadOnlyList<double> Read(TimeSpan elapsed, string console) => [Number(console, @"idle-ticks=(\d+)") / Seconds];
    }
}
