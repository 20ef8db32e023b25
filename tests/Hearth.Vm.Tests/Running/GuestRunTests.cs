using System.Diagnostics;
using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Running;
using Hearth.Vm.Saving;

namespace Hearth.Vm.Tests.Running;

public sealed class GuestRunTests
{
    private const ushort ResetControl = 0xCF9;
    private const byte FullReset = 6;

    // With sleep type 0, which is soft off in this machine's DSDT.
    private const ushort SleepEnable = 1 << 13;

    [Fact]
    public void Run_guestWritesDebugExit_endsWithItsCode()
    {
        using var guest = new TestGuestMachine();
        guest.Bootstrap.Guest = bus => Out(bus, 0xF4, AccessWidth.Dword, 21);

        GuestOutcome outcome = guest.Run();

        Assert.Equal(new GuestOutcome((21 << 1) | 1), outcome);
    }

    [Fact]
    public void Run_guestEntersSoftOff_endsWithSuccess()
    {
        using var guest = new TestGuestMachine();
        guest.Bootstrap.Guest = bus => Out(bus, 0x604, AccessWidth.Word, SleepEnable);

        GuestOutcome outcome = guest.Run();

        Assert.Equal(new GuestOutcome(ExitCode.Success) { Cause = GuestCause.PowerOff }, outcome);
    }

    [Fact]
    public void Run_guestResetsWithNoReboot_endsWithGuestReset()
    {
        using var guest = new TestGuestMachine();
        guest.Bootstrap.Guest = bus => Out(bus, ResetControl, AccessWidth.Byte, FullReset);

        GuestOutcome outcome = guest.Run();

        Assert.Equal(ExitCode.GuestReset, outcome.ExitCode);
    }

    [Fact]
    public void Run_guestResets_bootsItAgain()
    {
        using var guest = new TestGuestMachine();
        int boots = 0;
        guest.Bootstrap.Guest = bus => ++boots < 3 ? Out(bus, ResetControl, AccessWidth.Byte, FullReset) : Out(bus, 0xF4, AccessWidth.Byte, 0);

        GuestOutcome outcome = guest.Run(exitOnReset: false);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(3, guest.Bootstrap.Resets);
    }

    [Fact]
    public void Run_guestPanics_endsWithItsOwnCode()
    {
        using var guest = new TestGuestMachine();
        guest.Bootstrap.Guest = bus => Out(bus, 0x505, AccessWidth.Byte, 1);

        GuestOutcome outcome = guest.Run(exitOnReset: false);

        Assert.Equal(new GuestOutcome(ExitCode.GuestPanic, "the guest's kernel panicked") { Cause = GuestCause.Panic }, outcome);
    }

    [Fact]
    public void Run_guestPanicsAndDumps_goesOnAndTells()
    {
        using var guest = new TestGuestMachine();
        int steps = 0;
        guest.Bootstrap.Guest = bus => ++steps == 1 ? Out(bus, 0x505, AccessWidth.Byte, 2) : Out(bus, 0xF4, AccessWidth.Byte, 0);

        GuestOutcome outcome = guest.Run();

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(["the guest's kernel panicked, and goes on to write a dump"], guest.Told);
    }

    [Theory]
    [InlineData(WatchdogAction.PowerOff, false, 1)]
    [InlineData(WatchdogAction.Reset, true, 1)]
    [InlineData(WatchdogAction.Reset, false, 2)]
    [InlineData(WatchdogAction.Report, true, 1)]
    public void Run_watchdogRunsOut_doesWhatWasAskedFor(WatchdogAction action, bool exitOnReset, int boots)
    {
        using var guest = new TestGuestMachine();
        int steps = 0;
        guest.Bootstrap.Guest = bus =>
        {
            if (++steps > 1)
                return Out(bus, 0xF4, AccessWidth.Byte, 0);
            guest.Events.WatchdogExpired();
            return null;
        };

        GuestOutcome outcome = guest.Run(exitOnReset, watchdog: action);

        bool ends = action == WatchdogAction.PowerOff || (action == WatchdogAction.Reset && exitOnReset);
        Assert.Equal(ends ? ExitCode.Watchdog : 1, outcome.ExitCode);
        Assert.Equal(ends ? 0 : 1, guest.Told.Count);
        Assert.Equal(boots, guest.Bootstrap.Resets);
    }

    [Theory]
    [InlineData(VcpuExitReason.Shutdown, ExitCode.TripleFault)]
    [InlineData(VcpuExitReason.Unsupported, ExitCode.Unsupported)]
    [InlineData(VcpuExitReason.HostFault, ExitCode.HostFault)]
    public void Run_vcpuEnds_reportsItWithItsOwnCode(VcpuExitReason reason, int code)
    {
        using var guest = new TestGuestMachine();
        guest.Bootstrap.Guest = bus =>
        {
            bus.WritePort(0x80, AccessWidth.Byte, 0x5A);
            return new VcpuExit(reason, "the reason");
        };

        GuestOutcome outcome = guest.Run();

        Assert.Equal(code, outcome.ExitCode);
        Assert.EndsWith("on vCPU 0: the reason", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("rip", outcome.Report, StringComparison.Ordinal);
        Assert.Contains("out    80  1 bytes  5a", outcome.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_vcpuTripleFaultsWithoutNoReboot_bootsAgain()
    {
        using var guest = new TestGuestMachine();
        int boots = 0;
        guest.Bootstrap.Guest = bus => ++boots == 1 ? new VcpuExit(VcpuExitReason.Shutdown) : Out(bus, 0xF4, AccessWidth.Byte, 3);

        GuestOutcome outcome = guest.Run(exitOnReset: false);

        Assert.Equal(7, outcome.ExitCode);
    }

    [Fact]
    public void Run_engineThrows_reportsAHostFault()
    {
        using var guest = new TestGuestMachine();
        guest.Bootstrap.Guest = _ => throw new InvalidOperationException("broken");

        GuestOutcome outcome = guest.Run();

        Assert.Equal(ExitCode.HostFault, outcome.ExitCode);
        Assert.Contains("broken", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_quitIsAsked_endsWithUserQuit()
    {
        using var guest = new TestGuestMachine();
        guest.Events.Post(new MachineEvent(MachineEventKind.Quit));

        GuestOutcome outcome = guest.Run();

        Assert.Equal(ExitCode.UserQuit, outcome.ExitCode);
    }

    [Fact]
    public void Save_whileTheGuestWrites_hasWhatItWroteLast()
    {
        using var guest = new TestGuestMachine();
        using var folder = new SaveFolder();
        using GuestFile file = folder.NewFile("saved");
        guest.Bootstrap.Guest = _ =>
        {
            // Longer than rounds of so many pages pay: the pause begins while it writes.
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(500); i++)
                guest.Machine.Ram.TryWrite(new GuestAddress(0x20_0000 + ((ulong)(i * 7919 % 8000) * 4096)), BitConverter.GetBytes(i));
            guest.Machine.Ram.TryWrite(new GuestAddress(0x300_0000), "the last"u8);
            return null;
        };
        guest.Events.Post(new MachineEvent(MachineEventKind.Save));

        GuestOutcome outcome = guest.Run(file: file);

        using var fresh = new TestGuestMachine(bootable: false);
        folder.Restore("saved", fresh.Machine);
        Assert.Equal(ExitCode.Saved, outcome.ExitCode);
        Assert.Equal(Memory(guest), Memory(fresh));
        Assert.Contains(outcome.Statistics, statistic => statistic.Name == "save: the guest stood still");
    }

    [Fact]
    public void Save_ofAGuestThatSwitchesItselfOffMeanwhile_isLeftOff()
    {
        using var guest = new TestGuestMachine();
        using var folder = new SaveFolder();
        using GuestFile file = folder.NewFile("saved");
        guest.Events.Post(new MachineEvent(MachineEventKind.Save));
        guest.Events.PowerOff();

        GuestOutcome outcome = guest.Run(file: file);

        Assert.Equal(ExitCode.Success, outcome.ExitCode);
        Assert.False(folder.Has("saved"));
    }

    [Fact]
    public void Save_ofAGuestThatResetsItselfMeanwhile_comesAfterTheReset()
    {
        using var guest = new TestGuestMachine();
        using var folder = new SaveFolder();
        using GuestFile file = folder.NewFile("saved");
        guest.Events.Post(new MachineEvent(MachineEventKind.Save));
        guest.Events.Post(new MachineEvent(MachineEventKind.Save));
        guest.Events.Reset();

        GuestOutcome outcome = guest.Run(exitOnReset: false, file: file);

        Assert.Equal(ExitCode.Saved, outcome.ExitCode);
        Assert.Equal(2, guest.Bootstrap.Resets);
        Assert.True(folder.Has("saved"));
    }

    [Fact]
    public void Save_thatFails_leavesTheGuestRunning()
    {
        using var guest = new TestGuestMachine();
        using var folder = new SaveFolder();
        using GuestFile first = folder.NewFile("saved");
        first.Commit();
        using GuestFile file = folder.NewFile("saved");
        guest.Bootstrap.Guest = bus => guest.Told.Count == 0 ? null : Out(bus, 0xF4, AccessWidth.Byte, 4);
        guest.Events.Post(new MachineEvent(MachineEventKind.Save));

        GuestOutcome outcome = guest.Run(file: file);

        Assert.Equal((4 << 1) | 1, outcome.ExitCode);
        Assert.StartsWith("the guest cannot be saved and goes on: ", Assert.Single(guest.Told), StringComparison.Ordinal);
    }

    private static byte[] Memory(TestGuestMachine guest)
    {
        const int Start = 1 << 20;
        var bytes = new byte[TestGuestMachine.Memory - Start];
        Assert.True(guest.Machine.Ram.TryRead(new GuestAddress(Start), bytes));
        return bytes;
    }

    private static VcpuExit? Out(IVcpuBus bus, ushort port, AccessWidth width, ulong value)
    {
        bus.WritePort(port, width, value);
        return null;
    }
}
