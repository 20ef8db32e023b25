using Hearth.Machine;
using Hearth.Protocol;

namespace Hearth.Vm.Input;

/// <summary>Does by itself what hands would do, in the guest's own time.</summary>
internal sealed class Typist : IDisposable
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly IReadOnlyList<InputStep> _script;
    private readonly InputRing _ring;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _timer;
    private readonly InputEvent[] _report = new InputEvent[InputRing.LongestReport];
    private int _next;
    private long _due;

    public Typist(IReadOnlyList<InputStep> script, InputRing ring, IVirtualClock clock)
    {
        _script = script;
        _ring = ring;
        _clock = clock;
        _timer = clock.CreateTimer(Act);
    }

    /// <summary>Begins; once.</summary>
    public void Start()
    {
        _due = _clock.Now;
        ArmNext();
    }

    public void Dispose() => _timer.Dispose();

    private void Act()
    {
        if (_next == _script.Count)
            return;
        InputStep step = _script[_next];
        int count = Math.Min(step.Changes.Count, _report.Length - 1);
        for (int i = 0; i < count; i++)
            _report[i] = new InputEvent(step.Changes[i].Type, step.Changes[i].Code, step.Changes[i].Value);

        // Without room the guest's process has not run for a while; nothing is lost by waiting for it.
        if (count != 0 && !_ring.TryWrite((InputDeviceKind)step.Target, _report.AsSpan(0, count)))
        {
            _timer.Arm(_clock.Now + NanosecondsPerMillisecond);
            return;
        }

        _next++;
        ArmNext();
    }

    private void ArmNext()
    {
        if (_next == _script.Count)
            return;
        _due += _script[_next].Delay * NanosecondsPerMillisecond;
        _timer.Arm(_due);
    }
}
