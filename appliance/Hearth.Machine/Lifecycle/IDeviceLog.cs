namespace Hearth.Machine;

/// <summary>Where a device notes what a guest did wrong: counted always, written at a limited rate.</summary>
public interface IDeviceLog
{
    /// <param name="device">The device's name.</param>
    /// <param name="message">A constant sentence without values, so that a flood allocates nothing.</param>
    /// <param name="value">A number that helps: an offset, an index, a length.</param>
    void GuestError(string device, string message, ulong value);
}
