using Hearth.Bench;
using Hearth.Bench.Cpu;
using Hearth.Guests;

try
{
    return args switch
    {
        ["boot", .. string[] rest] => BootBench.Run(BootBenchOptions.Parse(rest)),
        ["cpu", .. string[] rest] => CpuBench.Run(ComparisonOptions.Parse(rest)),
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
        Usage: bench boot [--pairs N] [--kernel {BootAssets.DefaultKernel}] [--cpus N] [--json]
                 Boots one kernel and initramfs under Hearth's software engine and under QEMU TCG in turn and compares the times.
               bench cpu [--rounds N] [--rows A,B] [--class A,B] [--no-native] [--no-tcg] [--hearth "OPTIONS"] [--kernel NAME] [--json FILE]
                 Runs the same programs on the host, under Hearth's software engine and under QEMU TCG in turn and compares their times.
               bench smp [the same options]
                 Does the same with one and with two processors and compares these.
               bench assets DIRECTORY
                 Writes the kernel and initramfs of this comparison there and prints both command lines.
        """);
    return 2;
}
