using Hearth.Devices.Input;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Input;

/// <summary>Brings reports from the ring to the guest's input devices, on a thread of its own.</summary>
internal sealed class InputPump : IDisposable
{
    private readonly InputRing _ring;
    private readonly InputRouter _router;
    private readonly InputEvent[][] _reports = [.. Enum.GetValues<InputDeviceKind>().Select(_ => new InputEvent[InputRing.LongestReport])];
    private readonly int[] _lengths = new int[Enum.GetValues<InputDeviceKind>().Length];
    private readonly Thread _thread;
    private volatile bool _isStopped;

    /// <param name="ring">Owned by the caller.</param>
    public InputPump(InputRing ring, InputRouter router)
    {
        _ring = ring;
        _router = router;
        _thread = new Thread(Run) { Name = "hands", IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _isStopped = true;
        _ring.Filled.Signal();
        _thread.Join();
    }

    private void Run()
    {
        while (!_isStopped)
        {
            _ring.Filled.Wait(long.MaxValue);
            _ = _ring.Filled.TryTake();
            while (!_isStopped && _ring.TryRead(out InputDeviceKind kind, out InputEvent change))
                Take(kind, change);
        }
    }

    /// <summary>A report that never ends is handed over in pieces; a device that does not exist is nobody's.</summary>
    private void Take(InputDeviceKind kind, InputEvent change)
    {
        if ((uint)kind >= (uint)_reports.Length)
            return;
        InputEvent[] report = _reports[(int)kind];
        ref int length = ref _lengths[(int)kind];
        bool isEnd = change.Type == InputEventType.Synchronize;
        if (!isEnd)
            report[length++] = change;
        if (!isEnd && length < report.Length)
            return;
        _router.Report(kind, report.AsSpan(0, length));
        length = 0;
    }
}
