namespace Hearth.Cpu.Software;

/// <summary>From ticks of the host's time-stamp counter to ticks at the guest's frequency.</summary>
internal sealed class TimestampScale
{
    private const int Shift = 48;

    private readonly UInt128 _ratio;

    /// <param name="guestFrequency">Ticks a second.</param>
    public TimestampScale(ulong guestFrequency)
    {
        GuestFrequency = guestFrequency;
        ulong host = HostTimestampCounter.Frequency;

        // What differs by less than the measurement can tell is the same, and needs no multiplication.
        ulong difference = host > guestFrequency ? host - guestFrequency : guestFrequency - host;
        IsSame = difference <= host / 5_000;
        _ratio = ((UInt128)guestFrequency << Shift) / host;
    }

    public ulong GuestFrequency { get; }

    /// <summary>The guest counts as fast as the host.</summary>
    public bool IsSame { get; }

    public ulong FromHost(ulong ticks) => IsSame ? ticks : (ulong)((ticks * _ratio) >> Shift);
}
