namespace Hearth.Machine;

/// <summary>Every section begins with the version of its layout, so that a newer one is refused in words.</summary>
public static class StateVersionExtensions
{
    public static void WriteVersion(this IStateWriter to, byte version)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.WriteByte(version);
    }

    /// <param name="device">Names the device in the error.</param>
    /// <param name="newest">The newest version that is understood; the first is 1.</param>
    /// <returns>The version that was written, 1 to <paramref name="newest"/>.</returns>
    /// <exception cref="SavedStateException">The version is not known here.</exception>
    public static byte ReadVersion(this IStateReader from, string device, byte newest)
    {
        ArgumentNullException.ThrowIfNull(from);
        byte version = from.ReadByte();
        if (version == 0 || version > newest)
            throw new SavedStateException($"The saved state of '{device}' has version {version}; versions up to {newest} are known here.");
        return version;
    }
}
