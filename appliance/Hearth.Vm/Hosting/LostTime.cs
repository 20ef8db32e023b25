using Hearth.Vm.Composition;

namespace Hearth.Vm.Hosting;

/// <summary>The time in which a guest was saved, or stood still: its clocks are set before it runs, so that its date is right without a program of ours in it.</summary>
/// <remarks>
/// Its clocks jump, as if it had been held up for so long. A guest multiplies what its counter has gone on by since it looked last, and reckons with ten minutes at most (Linux,
/// clocks_calc_max_nsecs): longer times come in steps, between which it runs.
/// </remarks>
internal sealed class LostTime
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(3);

    private TimeSpan _left;

    /// <summary>There is more to catch up with, after the guest has run for a while.</summary>
    public bool HasMore => _left > TimeSpan.Zero;

    /// <summary>The guest did not run from then until now.</summary>
    public void AddSince(DateTimeOffset stopped) => _left += Positive(TimeProvider.System.GetUtcNow() - stopped);

    /// <summary>Sets the clocks of a machine that is paused and about to run.</summary>
    public void CatchUp(GuestMachine machine)
    {
        if (!HasMore)
            return;
        TimeSpan step = _left < s_longest ? _left : s_longest;
        _left -= step;
        machine.AdvanceTime(step);
    }

    /// <summary>The host's own clock was set back: a guest's never goes back.</summary>
    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
