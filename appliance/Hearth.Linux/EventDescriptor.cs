using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>A flag that wakes whoever polls it (eventfd(2)).</summary>
public sealed unsafe class EventDescriptor : IDisposable
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly FileDescriptor _file;

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public EventDescriptor()
    {
        int number = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        _file = number >= 0 ? new FileDescriptor(number) : throw LinuxException.Last("cannot create an event");
    }

    /// <param name="number">An event that another program made, non-blocking; owned from now on.</param>
    public EventDescriptor(int number) => _file = new FileDescriptor(number);

    public int Number => _file.Number;

    /// <summary>Lets the descriptor live on in the program that this process executes next.</summary>
    /// <exception cref="LinuxException">It is not open.</exception>
    public void KeepOnExecute() => _file.KeepOnExecute();

    /// <summary>Raises the flag; from any thread.</summary>
    public void Signal()
    {
        ulong one = 1;

        // Fails only when the counter is full, and then the flag is up already.
        _ = Libc.write(Number, (byte*)&one, sizeof(ulong));
    }

    /// <summary>Takes the flag down.</summary>
    /// <returns>True when it was up.</returns>
    public bool TryTake()
    {
        ulong count;
        return Libc.read(Number, (byte*)&count, sizeof(ulong)) == sizeof(ulong);
    }

    /// <summary>Waits until the flag is up or the time is over, or a signal interrupts the wait.</summary>
    /// <param name="nanoseconds"><see cref="long.MaxValue"/> for no limit.</param>
    public void Wait(long nanoseconds)
    {
        var waiting = new Libc.PollDescriptor { fd = Number, events = Libc.POLLIN };
        var limit = new Libc.TimeSpecification { tv_sec = nanoseconds / NanosecondsPerSecond, tv_nsec = nanoseconds % NanosecondsPerSecond };
        _ = Libc.ppoll(&waiting, 1, nanoseconds == long.MaxValue ? null : &limit, null);
    }

    /// <summary>Waits until the flag is up or the time is over, whatever signals come.</summary>
    /// <returns>False when the time is over.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public bool WaitUntilUp(TimeSpan limit) => Descriptors.WaitReadable(_file, limit);

    public void Dispose() => _file.Dispose();
}
