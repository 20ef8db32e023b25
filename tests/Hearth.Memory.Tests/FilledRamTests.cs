using System.Runtime.CompilerServices;
using Hearth.Linux;

namespace Hearth.Memory.Tests;

public sealed class FilledRamTests
{
    private const ulong Physical = 0x3000;

    /// <summary>A compiler that sees that nobody wants the byte, and that there is one, leaves the reading of it out.</summary>
    [Fact]
    public void Page_thatAnotherProcessIsToGet_isThere()
    {
        using var ram = new GuestRam(1 << 20);
        UserFaults? faults = UserFaults.TryCreate(device: null);
        Assert.SkipWhen(faults is null, "userfaultfd(2) is not to be had: it takes CAP_SYS_PTRACE, and a kernel with user faults in shared memory");
        _ = ram.BeginFill(faults);

        // What is touched comes at once: a thread of this runtime must not wait for a page.
        faults.Dispose();
        Assert.False(ram.File.TryFindData(0, out _, out _));
        EnsureThere(ram, Physical);

        Assert.True(ram.File.TryFindData(0, out long start, out _));
        Assert.Equal((long)Physical, start);
    }

    /// <summary>As whoever maps a page into another process, compiled to the end at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void EnsureThere(GuestRam ram, ulong physical)
    {
        byte* host = ram.HostAddress(physical);
        if (host is not null)
            ram.EnsureThere(host);
    }
}
