namespace Hearth.Machine;

/// <summary>
/// A block of registers on a bus. A device works from its offset and does not know where it is mapped.
/// </summary>
/// <remarks>
/// Several vCPU threads call at once; the device takes its own lock. A value is zero-extended to 64 bits. No error
/// reaches the guest: a register that does not exist reads as the specification says (usually zero or all ones), and a
/// write to it is ignored. Neither call allocates.
/// </remarks>
public interface IBusDevice
{
    /// <param name="offset">Bytes from the start of the device's range.</param>
    /// <param name="width">The width of the access; it never reaches past the end of the range.</param>
    ulong Read(ulong offset, AccessWidth width);

    /// <inheritdoc cref="Read"/>
    void Write(ulong offset, AccessWidth width, ulong value);
}
