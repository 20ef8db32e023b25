using System.Security.Cryptography;

namespace Hearth.Boot.Tests;

/// <summary>What a person may get wrong: each gives one sentence, the exit code for it, and leaves nothing behind.</summary>
public sealed class BadInputTests : IDisposable
{
    private const int ConfigurationExitCode = 2;

    private readonly ScratchDirectory _scratch = new();
    private readonly string _kernel = GuestAssets.FetchKernel(GuestAssets.CloudKernel).Image;

    public BadInputTests()
    {
        byte[] kernel = File.ReadAllBytes(_kernel);
        _scratch.Write("text", "no kernel at all"u8.ToArray());
        _scratch.Write("empty", []);
        _scratch.Write("cut.bzimage", kernel[..100_000]);
        _scratch.Write("cut.elf", TinyKernel.Build(multiboot: true)[..120]);
        _scratch.Write("odd.img", new byte[1000]);
        _scratch.Write("disk", new byte[64 << 10]);
        _scratch.Write("machine.vmdk", [.. "KDMV"u8, .. new byte[1020]]);
        using FileStream large = File.Create(_scratch["large"]);
        large.SetLength(200L << 20);
    }

    public static TheoryData<string, string> Cases => new()
    {
        { "", "--disk FILE, a CD with --cdrom FILE, a kernel with --kernel FILE" },
        { "--kernel SCRATCH/missing", "SCRATCH/missing" },
        { "--kernel SCRATCH", "SCRATCH" },
        { "--kernel SCRATCH/text", "SCRATCH/text is no kernel: it is neither a bzImage nor a PVH or multiboot kernel" },
        { "--kernel SCRATCH/empty", "SCRATCH/empty is empty" },
        { "--kernel SCRATCH/cut.bzimage", "SCRATCH/cut.bzimage is truncated" },
        { "--kernel SCRATCH/cut.elf", "SCRATCH/cut.elf is truncated" },
        { "--kernel KERNEL --initrd SCRATCH/missing", "SCRATCH/missing" },
        { "--kernel KERNEL --initrd SCRATCH/large --memory 128M", "SCRATCH/large (200 MiB) does not fit beside the kernel into the guest's 128 MiB of memory" },
        { "--kernel KERNEL --memory 16M", " in all; the guest has 16 MiB" },
        { "--kernel KERNEL --memory 0", "--memory 0" },
        { "--kernel KERNEL --memory 9000000G", "--memory 9000000G" },
        { "--kernel KERNEL --memory lots", "--memory lots" },
        { "--kernel KERNEL --cpus 0", "--cpus 0" },
        { "--kernel KERNEL --cpus 300", "--cpus 300" },
        { "--kernel KERNEL --cpu-model pdp-11", "pdp-11" },
        { "--kernel KERNEL --disk SCRATCH/missing", "SCRATCH/missing" },
        { "--kernel KERNEL --disk SCRATCH/odd.img", "SCRATCH/odd.img" },
        { "--kernel KERNEL --disk SCRATCH/odd.img,format=vmdk", "vmdk is neither raw nor qcow2" },
        { "--kernel KERNEL --disk SCRATCH/odd.img,format=qcow2", "SCRATCH/odd.img' is no qcow2 image: the magic number at offset 0 is missing" },
        { "--kernel KERNEL --module SCRATCH/text", "is a bzImage, and a bzImage takes an initrd but no modules" },
        { "--kernel KERNEL --frobnicate", "--frobnicate" },
        { "--kernel KERNEL --net everything", "--net everything" },
        { "--kernel KERNEL --net passt:", "--net passt: names no socket" },
        { "--kernel KERNEL --net passt:SCRATCH/missing", "--net passt:SCRATCH/missing: No such file" },
        { "--kernel KERNEL --net passt:SCRATCH/text", "--net passt:SCRATCH/text: Connection refused" },
        { "--kernel KERNEL --net user", "apt-get install passt" },
        { "--kernel KERNEL --net switch:", "--net switch: names no socket" },
        { "--kernel KERNEL --net switch:SCRATCH/missing", "--net switch:SCRATCH/missing: No such file" },
        { "--kernel KERNEL --net tap:a/b", "a/b cannot be the name of an interface" },
        { "--kernel KERNEL --net tap:hearthtest,bridge=nosuchbridge", "--net tap:hearthtest: " },
        { "--kernel KERNEL --net user,mac=01:00:00:00:00:00", "01:00:00:00:00:00 is no address of one station" },
        { "--kernel KERNEL --net user,bridge=br0", "bridge=br0 is no setting of it" },
        { "--kernel KERNEL --balloon 2G", "--balloon takes 2048M of the 1024M that the guest has" },
        { "--kernel KERNEL --balloon 5000", "--balloon 5000 is no multiple of 4096 bytes" },
        { "--kernel KERNEL --balloon much", "--balloon much is no size" },
        { "--kernel KERNEL --watchdog bark", "--watchdog bark is none of reset, poweroff, report and none" },
        { "--kernel KERNEL --vsock 2:SCRATCH/socket", "a guest's number is 3 to 4294967294" },
        { "--kernel KERNEL --vsock SCRATCH/socket", "write the guest's number and a socket" },
        { "--kernel KERNEL --vsock 3:", "names no socket" },
        { "--kernel KERNEL --vsock 3:SCRATCH/text", "--vsock: SCRATCH/text: Address already in use" },
        { "--kernel KERNEL --vsock 3:SCRATCH/missing/socket", "--vsock: SCRATCH/missing/socket: No such file" },
        { "--kernel KERNEL --engine steam", "--engine steam" },
        { "--kernel KERNEL --debug-exit 99999", "99999" },
        { "--kernel KERNEL --tier fast", "--tier fast" },
        { "--kernel KERNEL --translation-cache SCRATCH/text", "SCRATCH/text is no folder" },
        { "--kernel KERNEL --translation-cache SCRATCH/text/below", "SCRATCH/text/below cannot be written to" },
        { "--kernel KERNEL --translation-cache /tmp", "/tmp is another user's or can be written to by others" },
        { "--kernel KERNEL --cdrom SCRATCH/text", "SCRATCH/text is no CD image: it has no ISO 9660 volume descriptor at byte 32768" },
        { "--kernel KERNEL --cdrom SCRATCH/large", "SCRATCH/large is no CD image" },
        { "--disk SCRATCH/large --firmware SCRATCH/odd.img", "SCRATCH/odd.img is no firmware: it has 1000 bytes" },
        { "--disk SCRATCH/large --firmware SCRATCH/missing", "SCRATCH/missing" },
        { "--disk SCRATCH/large --firmware SCRATCH/empty", "SCRATCH/empty is no firmware: it has 0 bytes" },
        { "--disk SCRATCH/missing,bus=ide", "SCRATCH/missing: No such file" },
        { "--disk SCRATCH/machine.vmdk", "SCRATCH/machine.vmdk' is a vmdk image: `hearth disk convert` makes one of it" },
        { "--disk SCRATCH/empty", "SCRATCH/empty' is empty" },
        { "--disk SCRATCH/disk --serial SCRATCH/disk", "--serial: SCRATCH/disk would be overwritten" },
        { "--disk SCRATCH/disk --console SCRATCH/disk", "--console: SCRATCH/disk would be overwritten" },
        { "--disk SCRATCH/disk --firmware-log SCRATCH/disk", "--firmware-log: SCRATCH/disk would be overwritten" },
        { "--disk SCRATCH/disk --sound wav:SCRATCH/disk", "--sound: SCRATCH/disk would be overwritten" },
        { "--disk SCRATCH/disk --vga std --screenshot SCRATCH/disk", "--screenshot: SCRATCH/disk would be overwritten" },
        { "--kernel KERNEL --serial SCRATCH/new --console SCRATCH/new", "--console: SCRATCH/new would be overwritten" },
        { "--kernel KERNEL --serial SCRATCH/disk --sound wav:SCRATCH/new --cdrom SCRATCH/text", "SCRATCH/text is no CD image" },
        { "--kernel KERNEL --serial SCRATCH/disk --console SCRATCH/new --net switch:SCRATCH/missing", "--net switch:SCRATCH/missing: No such file" },
        { "--kernel KERNEL --vsock 3:SCRATCH/socket --vga std --screenshot SCRATCH/s.png --screenshot SCRATCH/t.png,after=9 --cdrom SCRATCH/text", "SCRATCH/text is no CD image" },
        { "--kernel KERNEL --vsock 3:SCRATCH/socket --net switch:SCRATCH/missing", "--net switch:SCRATCH/missing: No such file" },
        { "--restore SCRATCH/missing", "SCRATCH/missing" },
        { "--restore SCRATCH/text", "is no saved guest" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Input_thatIsWrong_givesOneSentence(string arguments, string expected)
    {
        string[] before = Files();

        HearthOutcome outcome = HearthProcess.Run(
            ["vm", "run", .. Expand(arguments).Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            ("PATH", _scratch.Path),
            ("HEARTH_PASST", null));

        string sentence = Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(Expand(expected), sentence, StringComparison.Ordinal);
        Assert.Equal(ConfigurationExitCode, outcome.ExitCode);
        Assert.Empty(outcome.Console.Trim());
        Assert.Equal(before, Files());
    }

    [Fact]
    public void CommandLine_longerThanTheKernelReads_givesOneSentence()
    {
        HearthOutcome outcome = HearthProcess.Run(["vm", "run", "--engine", "software", "--kernel", _kernel, "--append", new string('x', 5000)]);

        Assert.Equal(ConfigurationExitCode, outcome.ExitCode);
        string sentence = Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"the command line has 5000 bytes; {_kernel} takes 2047", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Kvm_whereItIsOfNoUse_isRefusedInOneSentence()
    {
        HearthOutcome outcome = HearthProcess.Run(["vm", "run", "--engine", "kvm", "--kernel", _kernel, "--append", "panic=-1", "--no-reboot"]);

        Assert.SkipUnless(outcome.Error.Contains("--engine kvm", StringComparison.Ordinal), "KVM works on this host");
        Assert.Equal(ConfigurationExitCode, outcome.ExitCode);
        string sentence = Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("hearth: --engine kvm: ", sentence, StringComparison.Ordinal);
        Assert.Empty(outcome.Console.Trim());
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>Every file with its length, and its bytes where they are few.</summary>
    private string[] Files() =>
    [
        .. Directory.GetFiles(_scratch.Path)
            .Order()
            .Select(file => new FileInfo(file))
            .Select(file => $"{file.Name} {file.Length} {(file.Length <= 1 << 20 ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file.FullName))) : "")}"),
    ];

    private string Expand(string text) => text
        .Replace("SCRATCH", _scratch.Path, StringComparison.Ordinal)
        .Replace("KERNEL", _kernel, StringComparison.Ordinal);
}
