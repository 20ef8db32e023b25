using Hearth.Linux.Interop;
using Hearth.Linux.Jail;
using Call = Hearth.Linux.Interop.SystemCallNumber;

namespace Hearth.Linux.Tests.Jail;

/// <summary>The list for guests' processes, where one argument decides.</summary>
public sealed class GuestSystemCallsTests
{
    private const ulong ThreadFlags = 0x3D0F00;
    private const ulong UserProcessFlags = 0x4100;

    private readonly SeccompFilter _ordinary = GuestSystemCalls.Filter(allowsUserProcesses: false);
    private readonly SeccompFilter _withUserProcesses = GuestSystemCalls.Filter(allowsUserProcesses: true);

    [Theory]
    [InlineData(Call.openat)]
    [InlineData(Call.open)]
    [InlineData(Call.openat2)]
    [InlineData(Call.socket)]
    [InlineData(Call.connect)]
    [InlineData(Call.bind)]
    [InlineData(Call.execve)]
    [InlineData(Call.mount)]
    [InlineData(Call.unshare)]
    [InlineData(Call.pidfd_open)]
    [InlineData(Call.process_vm_readv)]
    [InlineData(Call.bpf)]
    [InlineData(Call.userfaultfd)]
    [InlineData(Call.chdir)]
    [InlineData(Call.setresuid)]
    public void Paths_andOthers_areDeniedWithEitherList(int number)
    {
        Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_ordinary, number));
        Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_withUserProcesses, number));
    }

    [Fact]
    public void Clone_isForThreadsAlone()
    {
        Assert.Equal(FilterMachine.Allow, Decide(_ordinary, Call.clone, ThreadFlags));
        foreach (ulong more in (ulong[])[0x1000_0000, 0x2000_0000, 0x2_0000, 0x80, 0x8000, 0x4000, 0x2000, 17, 1UL << 32])
            Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_ordinary, Call.clone, ThreadFlags | more));
        Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_ordinary, Call.clone, ThreadFlags & ~0x10000UL));
        Assert.Equal(FilterMachine.Error(Libc.ENOSYS), Decide(_ordinary, Call.clone3));
    }

    [Fact]
    public void UserProcesses_haveTheirCallsOnlyWhereTheyAreAllowed()
    {
        (int Number, ulong[] Arguments)[] calls =
        [
            (Call.clone, [UserProcessFlags]), (Call.execveat, [5, 0, 0, 0, 0x1000]), (Call.ptrace, [31, 2]), (Call.wait4, [2]), (Call.kill, [2, 9]), (Call.dup2, [1, 2]),
        ];

        foreach ((int number, ulong[] arguments) in calls)
        {
            Assert.Equal(FilterMachine.Allow, Decide(_withUserProcesses, number, arguments));
            Assert.NotEqual(FilterMachine.Allow, Decide(_ordinary, number, arguments));
        }
    }

    [Theory]
    [InlineData(16UL)] // PTRACE_ATTACH
    [InlineData(0x4206UL)] // PTRACE_SEIZE
    [InlineData(2UL)] // PTRACE_PEEKDATA
    [InlineData(5UL)] // PTRACE_POKEDATA
    public void Trace_ofWhoDidNotAskForIt_isDenied(ulong request) => Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_withUserProcesses, Call.ptrace, request, 1));

    [Fact]
    public void Execute_byAPath_isDenied() => Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_withUserProcesses, Call.execveat, 5, 0, 0, 0, 0));

    [Theory]
    [InlineData(0xAE80UL, true)] // KVM_RUN
    [InlineData(0xC028_AA03UL, true)] // UFFDIO_COPY
    [InlineData(0xAA00UL, true)] // USERFAULTFD_IOC_NEW
    [InlineData(0x5401UL, true)] // TCGETS
    [InlineData(0x5412UL, false)] // TIOCSTI
    [InlineData(0x400454CAUL, false)] // TUNSETIFF
    [InlineData(0x5421UL, false)] // FIONBIO
    [InlineData(0xC0045877UL, false)] // FIFREEZE
    public void Control_isForTheEnginesAndTheTerminal(ulong request, bool isAllowed) =>
        Assert.Equal(isAllowed ? FilterMachine.Allow : FilterMachine.Error(Libc.EPERM), Decide(_ordinary, Call.ioctl, 5, request));

    [Fact]
    public void Signals_areForThisProcessAlone()
    {
        var self = (ulong)Environment.ProcessId;

        Assert.Equal(FilterMachine.Allow, Decide(_ordinary, Call.tgkill, self, 1, 34));
        Assert.Equal(FilterMachine.Allow, Decide(_ordinary, Call.kill, self, 15));
        Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_ordinary, Call.kill, self + 1, 15));
        Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_ordinary, Call.kill, ulong.MaxValue, 15));
        Assert.Equal(FilterMachine.Error(Libc.EPERM), Decide(_withUserProcesses, Call.tgkill, self + 1, 1, 34));
    }

    private static uint Decide(SeccompFilter filter, int number, params ReadOnlySpan<ulong> arguments) =>
        FilterMachine.Run(filter.Program, (uint)number, FilterMachine.Architecture, arguments);
}
