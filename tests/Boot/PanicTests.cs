namespace Hearth.Boot.Tests;

public sealed class PanicTests
{
    private const int PanicExitCode = 16;

    /// <summary>Without <c>--no-reboot</c> as with it: the kernel's own <c>panic=-1</c> would reset the guest at once.</summary>
    [Theory]
    [InlineData(GuestAssets.CloudKernel, true)]
    [InlineData(GuestAssets.Kernel686, false)]
    public void Kernel_thatPanics_endsTheRunWithItsOwnCode(string kernel, bool noReboot)
    {
        using var guest = new TestGuest(kernel, "echo c > /proc/sysrq-trigger", "pvpanic_mmio");

        HearthOutcome outcome = HearthProcess.Run(guest.Arguments.Where(argument => noReboot || argument != "--no-reboot"));

        Assert.Equal((PanicExitCode, "hearth: the guest's kernel panicked."), (outcome.ExitCode, outcome.Error.Trim()));
        Assert.Contains("Kernel panic - not syncing: sysrq triggered crash", outcome.Console, StringComparison.Ordinal);
    }
}
