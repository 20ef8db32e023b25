using Hearth.Machine.Tests.Time;
using Hearth.Testing;

namespace Hearth.Machine.Tests.Lifecycle;

public sealed class DeviceLogTests
{
    private readonly SteppedTime _time = new();
    private readonly List<string> _lines = [];

    [Fact]
    public void GuestError_InAFlood_IsCountedAndWrittenOnceASecond()
    {
        var log = new DeviceLog(_time, _lines.Add);

        log.GuestError("uart0", "no such register", 0x1F);
        log.GuestError("uart0", "no such register", 0x20);
        _time.Step(1_000_000_000);
        log.GuestError("uart0", "no such register", 0x21);

        Assert.Equal(3, log.CountOf("uart0", "no such register"));
        Assert.Equal(["uart0: no such register (0x1f)", "uart0: no such register (0x21, 3 times so far)"], _lines);
    }

    [Fact]
    public void GuestError_InAFlood_AllocatesNothing()
    {
        var log = new DeviceLog(_time, _lines.Add);
        log.GuestError("uart0", "no such register", 1);

        long allocated = Allocations.Of(() => log.GuestError("uart0", "no such register", 2));

        Assert.Equal(0, allocated);
    }
}
