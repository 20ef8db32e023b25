using Hearth.Bench;
using Hearth.Bench.Cpu;
using Hearth.Bench.Io;
using Hearth.Bench.Kvm;
using Hearth.Bench.Save;
using Hearth.Guests;

try
{
    return args switch
    {
        ["boot", .. string[] rest] => BootBench.Run(BootBenchOptions.Parse(rest)),
        ["cpu", .. string[] rest] => CpuBench.Run(ComparisonOptions.Parse(rest)),
        ["io", .. string[] rest] => IoBench.Run(IoBenchOptions.Parse(rest)),
        ["kvm", .. string[] rest] => KvmBench.Run(KvmBenchOptions.Parse(rest)),
        ["save", .. string[] rest] => SaveBench.Run(SaveBenchOptions.Parse(rest)),
        ["smp", .. string[] rest] => SmpBench.Run(ComparisonOptions.Parse(rest)),
        ["assets", string directory] => BootAssets.Write(directory),
        _ => Usage(),
    };
}
catch (GuestsException error)
{
    Console.Error.WriteLine($"bench: {error.Message}");
    return 2;
}

static int Usage()
{
    Console.Error.WriteLine($"""
        Usage: bench boot [--pairs N] [--kernel {BootAssets.DefaultKernel}] [--cpus N] [--json FILE]
                 Boots one kernel and initramfs under Hearth's software engine and under QEMU TCG in turn and compares the times.
               bench cpu [--rounds N] [--class A,B] [--rows A,B] [--no-native] [--no-tcg] [--hearth "OPTIONS"] [--kernel NAME] [--json FILE]
                 Runs the same programs on the host, under Hearth and under QEMU TCG in turn and compares the times. The classes are
                 compute, vector, system and real. --hearth hands further options to hearth vm run.
               bench smp [the options of cpu]
                 Does the same with one and with two processors; there is one class more, parallel.
               bench io [--rounds N] [--rows A,B] [--images DIRECTORY] [--no-tcg] [--hearth "OPTIONS"] [--json FILE]
                 Compares the throughput of virtio disks, raw and qcow2, of the network behind passt and of the screen under Hearth and
                 under QEMU TCG. Rows are named one by one or by their class: raw, qcow2, network and screen.
               bench kvm [--rounds N] [--workloads A,B] [--here] [--json FILE]
                 Runs the same guests under Hearth and under QEMU in turn, both on KVM: in the proving ground, or with --here on this
                 host. The workloads are boot, ports and disk.
               bench save [--rounds N] [--rows A,B] [--memory 1G,4G] [--no-qemu] [--aot FILE] [--json FILE]
                 Saves and restores the same guests by Hearth's supervisor and by QEMU's migration to a file, under the translators, and
                 compares pauses, times, bytes and memory. The rows are pause-busy, restore, second, shared and memory; --aot names a
                 hearth-vm that was compiled ahead of time.
               bench assets DIRECTORY
                 Writes the kernel and initramfs of the boot comparison there and prints both command lines.
        """);
    return 2;
}
