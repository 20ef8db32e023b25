using Hearth.Bench;
using Hearth.Guests;

try
{
    return args switch
    {
        ["boot", .. string[] rest] => BootBench.Run(BootBenchOptions.Parse(rest)),
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
               bench assets DIRECTORY
                 Writes the kernel and initramfs of this comparison there and prints both command lines.
        """);
    return 2;
}
