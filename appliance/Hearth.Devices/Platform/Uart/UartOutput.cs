using Hearth.Machine;

namespace Hearth.Devices.Platform.Uart;

/// <summary>
/// Gathers what the guest transmits, so that one byte is not one system call: the port gets it when the buffer is full, or
/// <see cref="MaximumDelay"/> after its first byte.
/// </summary>
/// <remarks>
/// It has a lock of its own, taken after the device's: the timer hands bytes to a slow port without holding up the vCPU that
/// reads a UART register.
/// </remarks>
internal sealed class UartOutput : IDisposable
{
    private const int Capacity = 4096;

    /// <summary>How long a byte waits at most, in nanoseconds of virtual time.</summary>
    private const long MaximumDelay = 2_000_000;

    private readonly Lock _lock = new();
    private readonly byte[] _buffer = new byte[Capacity];
    private readonly ICharacterPort _port;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _timer;
    private int _count;

    public UartOutput(ICharacterPort port, IVirtualClock clock)
    {
        _port = port;
        _clock = clock;
        _timer = clock.CreateTimer(Flush);
    }

    public void Write(byte character)
    {
        lock (_lock)
        {
            if (_count == 0)
                _timer.Arm(_clock.Now + MaximumDelay);
            _buffer[_count++] = character;
            if (_count == Capacity)
                FlushLocked();
        }
    }

    public void Flush()
    {
        lock (_lock)
            FlushLocked();
    }

    public void Dispose()
    {
        Flush();
        _timer.Dispose();
    }

    private void FlushLocked()
    {
        if (_count == 0)
            return;
        _port.Write(_buffer.AsSpan(0, _count));
        _count = 0;
        _timer.Disarm();
    }
}
