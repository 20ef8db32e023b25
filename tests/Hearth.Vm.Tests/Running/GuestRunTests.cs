using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Vm.Running;

namespace Hearth.Vm.Tests.Running;

public sealed class GuestRunTests
{
    private const ushort ResetControl = 0xCF9;
    private const byte FullReset = 6;

    /// <summary>SLP_TYP of the \_S5 package.</summary>
    private const ulong SoftOffSleepType = 0;

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
        guest.Bootstrap.Guest = bus => Out(bus, 0x604, AccessWidth.Word, (1 << 13) | (SoftOffSleepType << 10));

        GuestOutcome outcome = guest.Run();

        Assert.Equal(new GuestOutcome(ExitCode.Success), outcome);
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

    private static VcpuExit? Out(IVcpuBus bus, ushort port, AccessWidth width, ulong value)
    {
        bus.WritePort(port, width, value);
        return null;
    }
}
