using Hearth.Machine;

namespace Hearth.Devices.Platform.Hpet;

/// <summary>Where the timers' interrupts go: pins 20–23, or IRQ 0 and 8 in place of PIT and RTC (section 2.3.5, table 3).</summary>
internal sealed class HpetLines
{
    private const int LegacyCount = 2;

    private readonly IEdgeLine[] _lines;
    private readonly GatedLine _pit;
    private readonly GatedLine _rtc;
    private bool _isLegacy;

    public HpetLines(Func<int, IEdgeLine> line, GatedLine pit, GatedLine rtc)
    {
        _lines = [line(0), line(8), line(20), line(21), line(22), line(23)];
        _pit = pit;
        _rtc = rtc;
    }

    /// <summary>Cuts PIT and RTC off, or lets them through.</summary>
    public void SetLegacy(bool isLegacy)
    {
        if (isLegacy == _isLegacy)
            return;
        _isLegacy = isLegacy;
        _pit.IsOpen = !isLegacy;
        _rtc.IsOpen = !isLegacy;
    }

    /// <summary>The bit of the line that a timer uses, for <see cref="Set"/>.</summary>
    public int BitOf(int timer, int route) => 1 << IndexOf(timer, route);

    /// <summary>Edge-triggered interrupts.</summary>
    /// <param name="period">Nanoseconds between two; zero when there is only one.</param>
    public void Pulse(int timer, int route, ulong ticks, long period) =>
        TimerTicks.Give(_lines[IndexOf(timer, route)], ticks, period);

    /// <summary>Forgets edge-triggered interrupts that the guest has not taken yet.</summary>
    public void Cancel(int timer, int route) => _lines[IndexOf(timer, route)].Cancel();

    /// <summary>Asserts the lines whose bits are set, and no other.</summary>
    public void Set(int asserted)
    {
        for (int i = 0; i < _lines.Length; i++)
            _lines[i].Set((asserted & (1 << i)) != 0);
    }

    private int IndexOf(int timer, int route) =>
        _isLegacy && timer < LegacyCount ? timer : LegacyCount + route - HpetRegisters.FirstRoute;
}
