using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>Counts guest errors and keeps the last; allocates nothing.</summary>
public sealed class FakeDeviceLog : IDeviceLog
{
    public int Count { get; private set; }

    public string LastDevice { get; private set; } = "";

    public string LastMessage { get; private set; } = "";

    public ulong LastValue { get; private set; }

    public void GuestError(string device, string message, ulong value)
    {
        Count++;
        LastDevice = device;
        LastMessage = message;
        LastValue = value;
    }
}
