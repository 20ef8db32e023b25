using System.Globalization;
using System.Text.RegularExpressions;
using Hearth.Boot.Tests;
using Hearth.Guests;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;
using Hearth.Proving.Bochs;

namespace Hearth.EndToEnd.Tests;

/// <summary>
/// A guest under kvm-intel, which the proving ground does not have: in bochs, whose interpreter has VT-x. It takes minutes a guest, and a Hearth that was
/// compiled ahead of time: <c>HEARTH_EXECUTABLE=… Hearth.EndToEnd.Tests -explicit only -class '*VtxBootTests'</c> (docs/proving-ground.md).
/// </summary>
public sealed partial class VtxBootTests
{
    private const string Publish = "dotnet publish appliance/Hearth -c Release -p:PublishAot=true -p:CppCompilerAndLinker=gcc -o DIR";

    private const string Cloud = "linux-image-cloud-amd64";

    /// <summary>Of 32 bits, with page tables of three levels, which the proving ground's guests cannot have either.</summary>
    private const string Pae = "linux-image-686-pae";

    private const string GuestScript = """
        echo "hypervisor=$(dmesg | sed -n 's/.*Hypervisor detected: //p')"
        echo "processors=$(nproc)"
        echo "avx2=$(grep -c avx2 /proc/cpuinfo)"
        echo "sum=$(head -c 100000 /dev/zero | sha256sum | cut -c 1-16)"
        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(60);

    /// <summary>With one processor and two: the second one starts in real mode.</summary>
    /// <param name="parameters">Of the module kvm_intel.</param>
    /// <param name="facts">Whether it has EPT and unrestricted guests.</param>
    /// <param name="avx2">How many of the guest's processors have AVX2, which the proving ground cannot give a guest.</param>
    [Theory(Explicit = true)]
    [InlineData("", "YY", Cloud, "x86-64-v2", 1, 0)]
    [InlineData("", "YY", Cloud, "x86-64-v3", 2, 2)]
    [InlineData("", "YY", Pae, "x86-64-v2", 1, 0)]
    [InlineData("unrestricted_guest=0", "YN", Cloud, "x86-64-v2", 2, 0)]
    [InlineData("ept=0", "NN", Cloud, "x86-64-v2", 2, 0)]
    public void DebianKernel_underKvmIntel_bootsAndPowersOff(string parameters, string facts, string kernel, string model, int cpus, int avx2)
    {
        string script = $$"""
            reload {{parameters}}
            echo "flags=$(grep -m 1 vmx /proc/cpuinfo)"
            run --cpu-model {{model}} --cpus {{cpus}}
            echo "code=$?"
            """;

        HearthOutcome outcome = Run(script, GuestScript, kernel);

        Assert.Equal(facts, outcome.Value("facts"));
        Assert.Contains(" vmx ", outcome.Value("flags"), StringComparison.Ordinal);
        Assert.Equal("0", outcome.Value("code"));
        Assert.Equal(("KVM", $"{cpus}"), (outcome.Value("hypervisor"), outcome.Value("processors")));
        Assert.Equal(($"{avx2}", "9192c25b734fcbad"), (outcome.Value("avx2"), outcome.Value("sum")));
        Assert.Empty(BrokenHardware.FindIn(outcome with { Console = outcome.Console[outcome.Console.IndexOf("facts=", StringComparison.Ordinal)..] }));
    }

    /// <summary>Without unrestricted guests KVM runs real mode as virtual 8086 mode, in the pages that Hearth lends it.</summary>
    [Theory(Explicit = true)]
    [InlineData("", "YY")]
    [InlineData("unrestricted_guest=0", "YN")]
    [InlineData("ept=0", "NN")]
    public void RealMode_savedUnderKvmIntel_goesOnInAFreshProcess(string parameters, string facts)
    {
        string script = $$"""
            reload {{parameters}}
            real() {
                hearth vm run --engine kvm --cpu-model x86-64-v2 --memory 64M --net none --serial stdio --no-reboot --debug-exit --kernel /guest/real.elf "$@"
            }
            { real --save /saved < /dev/null; echo "saved=$?"; } | tee /tmp/first &
            until grep -q real /tmp/first; do usleep 100000; done
            kill -USR1 $(busybox pidof hearth-vm)
            wait
            echo go | real --restore /saved
            echo "restored=$?"
            """;

        HearthOutcome outcome = Run(script, GuestScript);

        Assert.Equal(facts, outcome.Value("facts"));
        Assert.Equal(("14", $"{(RealModeKernel.ExitValue << 1) | 1}"), (outcome.Value("saved"), outcome.Value("restored")));
        Assert.Equal(RealModeKernel.Sum.ToString("x8", CultureInfo.InvariantCulture), outcome.Value("sum"));
    }

    /// <summary>Runs a script in a machine; the outcome has what the machine and its guests wrote, all to the same port.</summary>
    /// <param name="script">Where <c>run</c> is Hearth with a guest, and takes further arguments; <c>reload</c> gives kvm_intel parameters.</param>
    /// <param name="guestScript">What the guest's init does.</param>
    /// <param name="kernel">The guest's.</param>
    private static HearthOutcome Run(string script, string guestScript, string kernel = Cloud)
    {
        string hearth = NativeHearth();
        string whole = $$"""
            reload() {
                busybox rmmod kvm_intel && insmod /lib/modules/kvm_intel.ko "$@"
                echo "facts=$(cd /sys/module/kvm_intel/parameters && cat ept unrestricted_guest | tr -d '\n')"
            }
            run() {
                hearth vm run --engine kvm --memory 256M --net none --serial stdio --no-reboot --kernel /guest/vmlinuz --initrd /guest/initrd.img \
                    --append 'console=ttyS0 panic=-1 {{BochsMachine.GuestArguments}}' "$@" < /dev/null
            }
            # Warnings of the machine's own kernel and worse, or its lines get among those of the guest.
            echo 4 > /proc/sys/kernel/printk
            {{script}}
            # The kernel's last words do not wait for those of programs.
            sleep 1
            """;
        using BochsMachine machine = Start(hearth, whole, guestScript, kernel);
        machine.WaitForPowerOff(s_patience);
        TestContext.Current.TestOutputHelper?.WriteLine(machine.SerialLog.Text);
        return new HearthOutcome(0, machine.SerialLog.Text, "");
    }

    private static BochsMachine Start(string hearth, string script, string guestScript, string kernel)
    {
        try
        {
            return BochsMachine.Start(MakeInitramfs(hearth, script, guestScript, kernel));
        }
        catch (GuestsException error)
        {
            Assert.Skip($"no machine with VT-x: {error.Message}");
            throw;
        }
    }

    /// <summary>A machine with Hearth, what it is linked with, and a guest's kernel and initial RAM disk.</summary>
    private static InitramfsBuilder MakeInitramfs(string hearth, string script, string guestScript, string kernel)
    {
        var cache = PackageCache.Default();
        string architecture = kernel == Pae ? "i386" : "amd64";
        DebianPackage busybox = cache.Fetch("busybox-static");
        string worker = Path.Combine(Path.GetDirectoryName(hearth)!, "hearth-vm");
        InitramfsBuilder machine = new InitramfsBuilder()
            .AddBusybox(busybox)
            .AddModules(BochsMachine.FetchKernel(), "kvm_intel")
            .AddFile("bin/hearth", File.ReadAllBytes(hearth), executable: true)
            .AddFile("bin/hearth-vm", File.ReadAllBytes(worker), executable: true)
            .AddFile("guest/vmlinuz", File.ReadAllBytes(cache.FetchKernel(kernel, architecture).Image))
            .AddFile("guest/real.elf", RealModeKernel.Build())
            .AddFile("guest/initrd.img", new InitramfsBuilder().AddBusybox(cache.Fetch("busybox-static", architecture)).Run(guestScript).Build())
            .Run(script);
        foreach (Match library in Library().Matches(HostCommand.Require("ldd", [hearth, worker])))
            machine.AddFile(library.Value[1..], File.ReadAllBytes(library.Value), executable: true);
        return machine;
    }

    /// <summary>The program that $HEARTH_EXECUTABLE names. In there a runtime that compiles would take an hour to start.</summary>
    private static string NativeHearth()
    {
        string? path = Environment.GetEnvironmentVariable("HEARTH_EXECUTABLE");
        Assert.SkipUnless(File.Exists(path), $"HEARTH_EXECUTABLE names no hearth that was compiled ahead of time: in a clone, {Publish}, then HEARTH_EXECUTABLE=DIR/hearth");
        Assert.SkipWhen(File.Exists(path + ".dll"), $"HEARTH_EXECUTABLE names a hearth that is compiled while it runs, and bochs is too slow for that: in a clone, {Publish}");
        return Path.GetFullPath(path!);
    }

    /// <summary>The paths that ldd names.</summary>
    [GeneratedRegex(@"/\S+(?= \(0x)")]
    private static partial Regex Library();
}
