using System.Text.RegularExpressions;
using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>The tests that boot real kernels, with KVM in place of the software engine: <c>tests/Boot</c>, run inside the proving ground.</summary>
[Collection<GroundCollection>]
public sealed partial class KvmBootTests(GroundFixture fixture)
{
    private static readonly TimeSpan s_patienceForFew = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_patienceForAll = TimeSpan.FromHours(4);

    /// <summary>What cannot be tested there, each with why as the test itself says it.</summary>
    private static readonly string[] s_skipped =
    [
        "BadInputTests.Kvm_whereItIsOfNoUse_isRefusedInOneSentence",
        "DoctorTests.Table_whereKvmIsNotTaken_givesTheReasonThatVmRunGives",
        // GroundGuest.Model says why.
        "KernelBootTests.CpuModel_chosen_isWhatTheKernelFinds",
        // Lacking says why.
        "DiskTests.Disk_writtenFlushedAndReadBack_keepsEveryByte",
        "IdeTests.Disk_writtenFlushedAndReadBack_keepsEveryByte",
        "KernelBootTests.DebianKernel_booted_runsInitOnSoundHardwareAndPowersOff",
        "KernelBootTests.DebianKernel_booted_runsInitOnSoundHardwareAndPowersOff",
        "NetworkTests.Page_ofAServerOnTheHost_isFetchedWhole",
        "PanicTests.Kernel_thatPanics_endsTheRunWithItsOwnCode",
        "SaveRestoreTests.Boot_savedInTheMiddle_goesOnInAFreshProcess",
    ];

    /// <summary>
    /// QEMU's page walk marks entries of the first of PAE's three levels as accessed, which processors do not, and KVM finds a reserved bit set in them when the
    /// guest writes CR4. Guests with such page tables are under kvm-intel in <see cref="VtxBootTests"/>.
    /// </summary>
    private const string Lacking = "linux-image-686-pae";

    private readonly ProvingGround _ground = fixture.Ground;

    [Fact]
    public void BootTests_ofSmallKernels_passUnderKvm()
    {
        CommandResult result = Run("-trait KVM=few", s_patienceForFew);

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Matches(@"Total: 3, Errors: 0, Failed: 0, Skipped: 0", result.Output);
    }

    /// <summary>Takes an hour or so: <c>Hearth.EndToEnd.Tests -explicit only -class '*KvmBootTests'</c>.</summary>
    [Fact(Explicit = true)]
    public void BootTests_all_passUnderKvm()
    {
        CommandResult result = Run("", s_patienceForAll);

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Equal(s_skipped.Order(), SkippedTest().Matches(result.Output).Select(match => match.Groups[1].Value).Order());
        TestContext.Current.TestOutputHelper?.WriteLine(result.Output);
    }

    /// <summary>The classes that a change of a device wants first, each by itself.</summary>
    [Theory(Explicit = true)]
    [InlineData("FirmwareTests")]
    [InlineData("IdeTests")]
    [InlineData("GrubTests")]
    [InlineData("ScreenTests")]
    [InlineData("InputDeviceTests")]
    [InlineData("SoundTests")]
    [InlineData("Qcow2Tests")]
    [InlineData("SwitchTests")]
    [InlineData("VsockTests")]
    [InlineData("BalloonTests")]
    [InlineData("GenerationTests")]
    [InlineData("PanicTests")]
    [InlineData("WatchdogTests")]
    [InlineData("TapTests")]
    public void BootTests_ofAClass_passUnderKvm(string name)
    {
        CommandResult result = Run($"-class Hearth.Boot.Tests.{name}", s_patienceForAll);

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Matches("Total: [1-9]", result.Output);
        TestContext.Current.TestOutputHelper?.WriteLine(result.Output);
    }

    /// <summary>Guests of the house: saved, restored, killed and brought back.</summary>
    [Theory(Explicit = true)]
    [InlineData("SavingTests")]
    [InlineData("DiskSavingTests")]
    [InlineData("CrashTests")]
    [InlineData("RestoredGuestTests")]
    public void SupervisorTests_ofAClass_passUnderKvm(string name)
    {
        CommandResult result = Run($"-class Hearth.Supervisor.Tests.{name}", s_patienceForAll, "supervisor/Hearth.Supervisor.Tests");

        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Matches("Total: [1-9]", result.Output);
        TestContext.Current.TestOutputHelper?.WriteLine(result.Output);
    }

    private CommandResult Run(string arguments, TimeSpan patience, string tests = "boot/Hearth.Boot.Tests")
    {
        // passt wants a way out of the machine, though nothing lies behind it.
        _ground.LoadModules("dummy");
        _ground.Require(
            "b=/run/ground/busybox; $b ip addr add 192.0.2.2/24 dev dummy0; $b ip link set dummy0 up && $b ip route replace default via 192.0.2.1",
            GroundFixture.Patience);

        // The root cannot hold a file without a name, as which a guest is saved; this can.
        const string Environment = "TMPDIR=/dev/shm HEARTH_TEST_ENGINE=kvm HEARTH_TEST_PATIENCE=20 HEARTH_TEST_SLOWNESS=5 HEARTH_TEST_ROUNDS=300 HEARTH_TEST_WITHOUT_KERNEL=" + Lacking;
        string program = Path.Combine(AppContext.BaseDirectory, tests);
        return _ground.Run(
            $"{GroundGuest.Environment} {Environment} HEARTH_TEST_CPU_MODEL={GroundGuest.Model} {ShellWord.Quote(program)} -noColor {arguments}", patience);
    }

    [GeneratedRegex(@"^ *Hearth\.Boot\.Tests\.(\w+\.\w+).* \[SKIP\]", RegexOptions.Multiline)]
    private static partial Regex SkippedTest();
}
